#!/bin/sh
# Runs the Python file that is the first argument with the system's Python.
PYTHONPATH=$(dirname "$1") exec /usr/bin/python3 -B "$@"
