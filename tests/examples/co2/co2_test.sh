#!/usr/bin/env bash
# Runs co2_test.py.
exec /usr/bin/python3 tests/examples/co2/co2_test.py examples/co2/co2 \
  tools/ireneo "$TEST_TMPDIR"
