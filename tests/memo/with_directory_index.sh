#!/bin/sh
# Runs a test for stores whose index is a directory.
IRENEO_TEST_INDEX=directory exec "$@"
