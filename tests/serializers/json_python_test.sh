#!/usr/bin/env bash
# Runs json_python_test.py with Debian's Python.
exec /usr/bin/python3 tests/serializers/json_python_test.py \
  tests/serializers/canonical_json tests/serializers/json_documents.txt
