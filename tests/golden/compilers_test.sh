#!/usr/bin/env bash
# The golden names and bytes by an optimising compiler, and another one than that
# of the build if it is installed. The tests beside this one have those of the
# build itself, which does not optimise.
set -u
cd "$TEST_SRCDIR/$TEST_WORKSPACE"

check() {
  local compiler=$1 level=$2
  local program=$TEST_TMPDIR/golden$level-$compiler
  if "$compiler" -std=c++20 "$level" -w -I.. -I. -isystem /usr/include/eigen3 \
      tests/golden/*_golden_test.cc store/{blob,digest,sink,source}.cc \
      serializers/{fields,json,json_parse,json_write,npy,npy_array,npy_convert}.cc \
      serializers/{sparse_bytes,type_name,utf8}.cc \
      -lgtest_main -lgtest -lboost_json -lxxhash -pthread $absl \
      -o "$program" >"$program.log" 2>&1 &&
      "$program" >"$program.log" 2>&1; then
    echo "$compiler $level: $(tail -n 1 "$program.log")"
  else
    echo "$compiler $level:"
    tail -n 40 "$program.log"
    return 1
  fi
}
absl=$(printf -- '-labsl_%s ' status statusor strings strings_internal cord \
  int128 time time_zone raw_hash_set hash city low_level_hash \
  hashtablez_sampler throw_delegate str_format_internal raw_logging_internal)
check "$(command -v clang++ >/dev/null && echo clang++ || echo g++)" -O2
