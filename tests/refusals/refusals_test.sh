#!/usr/bin/env bash
# Programs that the compiler must refuse with one error, whose sentence says
# what is wrong, and one that it must accept. The first line of each says which.
set -u
cd "$TEST_SRCDIR/$TEST_WORKSPACE"

flags='-std=c++20 -I.. -isystem /usr/include/eigen3'
export flags

# What nearly all of them include, read once.
precompile() {
  local header=$TEST_TMPDIR/$1/common.h
  mkdir -p "${header%/*}"
  printf '#include "ireneo/%s"\n' memo/memoize.h serializers/standard.h >"$header"
  case $1 in
    clang++) precompiled="-include-pch $header.pch" ;;
    *) precompiled="-include $header" ;;
  esac
  "$1" $flags -x c++-header "$header" -o \
    "$header.$([ "$1" = clang++ ] && echo pch || echo gch)"
}

check() {
  local compiler=$1 precompiled=$2 file=$3 output first errors
  output=$("$compiler" $flags $precompiled -fsyntax-only "$file" 2>&1)
  local status=$?
  first=$(head -n 1 "$file")
  errors=$(grep -cE '(^|[^_])error:' <<<"$output")
  case $first in
    "// accepted: "*)
      [ $status -eq 0 ] && return 0 ;;
    "// refused: "*)
      # The sentence, whatever the compiler's line breaks, and nothing else.
      [ $status -ne 0 ] && [ "$errors" -eq 1 ] &&
        tr '\n' ' ' <<<"$output" | grep -qE "${first#// refused: }" && return 0 ;;
  esac
  printf '%s: %s: not as its first line says (%s errors)\n%s\n\n' \
    "$compiler" "$file" "$errors" "$output"
  return 1
}
export -f check

compilers=(g++)
command -v clang++ >/dev/null && compilers+=(clang++)
files=(tests/refusals/*.cc)
[ ${#files[@]} -ge 22 ] || { echo "programs are missing: ${files[*]}"; exit 1; }
for compiler in "${compilers[@]}"; do
  precompile "$compiler" || exit 1
  printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P 2 bash -c 'check "$0" "$1" "$2"' "$compiler" \
      "$precompiled" || exit 1
done
echo "${#files[@]} programs with ${compilers[*]}"
