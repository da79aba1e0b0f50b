#!/usr/bin/env bash
# The golden names and bytes by an optimising compiler, and another one than that
# of the build if it is installed. The tests beside this one have those of the
# build itself, which does not optimise.
set -u
cd "$TEST_SRCDIR/$TEST_WORKSPACE"

compiler=$(command -v clang++ >/dev/null && echo clang++ || echo g++)
program=$TEST_TMPDIR/golden
log=$program.log
absl=$(printf -- '-labsl_%s ' status statusor strings strings_internal cord \
  int128 time time_zone raw_hash_set hash city low_level_hash \
  hashtablez_sampler throw_delegate str_format_internal raw_logging_internal)
if "$compiler" -std=c++20 -O2 -w -I.. -I. -isystem /usr/include/eigen3 \
    tests/golden/*_golden_test.cc store/{blob,digest,sink,source}.cc \
    serializers/{fields,json,json_parse,json_write,npy,npy_array,npy_convert}.cc \
    serializers/{sparse_bytes,type_name,utf8}.cc \
    -lgtest_main -lgtest -lboost_json -lxxhash -pthread $absl \
    -o "$program" >"$log" 2>&1 &&
    "$program" >"$log" 2>&1; then
  echo "$compiler -O2: $(tail -n 1 "$log")"
else
  echo "$compiler -O2:"
  tail -n 40 "$log"
  exit 1
fi
