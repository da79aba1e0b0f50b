#!/usr/bin/env bash
# The committed corpora are what make_corpus writes, and all of it.
tests/fuzz/make_corpus "$TEST_TMPDIR/corpus" &&
  diff -r "$TEST_TMPDIR/corpus" tests/fuzz/corpus || {
  echo "bring the corpora up to date:" \
    "bazel run //tests/fuzz:make_corpus \$PWD/tests/fuzz/corpus"
  exit 1
}
