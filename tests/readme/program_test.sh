#!/usr/bin/env bash
# Runs the program of README.md twice.
set -eu
program=$PWD/tests/readme/program
cd "$TEST_TMPDIR"
first=$("$program")
second=$("$program")
[ "$first" = $'computing\n450 450' ] || { echo "first run: $first"; exit 1; }
[ "$second" = "450 450" ] || { echo "second run: $second"; exit 1; }
