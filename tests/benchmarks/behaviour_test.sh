#!/usr/bin/env bash
# Runs behaviour_test.py.
exec /usr/bin/python3 -B tests/benchmarks/behaviour_test.py \
  benchmarks/behaviour "$TEST_TMPDIR"
