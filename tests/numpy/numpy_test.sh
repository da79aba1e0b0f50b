#!/usr/bin/env bash
# Runs numpy_test.py with Debian's Python, the one that sees Debian's NumPy.
exec /usr/bin/python3 tests/numpy/numpy_test.py tests/numpy/write_arrays \
  tests/numpy/read_arrays tools/ireneo "$TEST_TMPDIR"
