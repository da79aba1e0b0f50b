#!/usr/bin/env bash
# Runs tables_test.py.
exec /usr/bin/python3 -B tests/benchmarks/tables_test.py
