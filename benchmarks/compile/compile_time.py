#!/usr/bin/env python3
"""Times what including ireneo.h costs the compiler.

    compile_time.py FILE [--repetitions N]

Compiles memoized.cc and plain.cc, with -O0 and -O2, in turn, N times, with
$CXX or g++. Writes to FILE, as Google Benchmark would, the seconds of CPU that
the compiler spent in user mode: a busy machine adds least to these.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = ("O2", "O0")
PROGRAMS = (("Include{}", "memoized.cc"), ("Include{}/without", "plain.cc"))


def user_seconds():
  return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def compile_once(source, level, root):
  """Returns the seconds that it took."""
  before = user_seconds()
  subprocess.run(
      [
          os.environ.get("CXX", "g++"), "-std=c++20", f"-{level}", "-isystem",
          "/usr/include/eigen3", "-I", root, "-c", source, "-o",
          os.path.join(root, "object.o")
      ],
      check=True)
  return user_seconds() - before


def main():
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("file")
  parser.add_argument("--repetitions", type=int, default=5)
  arguments = parser.parse_args()

  benchmarks = []
  with tempfile.TemporaryDirectory() as root:
    os.symlink(HERE.parent.parent, os.path.join(root, "ireneo"))
    for repetition in range(arguments.repetitions):
      for level in LEVELS:
        for name, source in PROGRAMS:
          seconds = compile_once(HERE / source, level, root)
          benchmarks.append({
              "name": name.format(level),
              "run_name": name.format(level),
              "run_type": "iteration",
              "repetitions": arguments.repetitions,
              "repetition_index": repetition,
              "iterations": 1,
              "real_time": seconds * 1e9,
              "cpu_time": seconds * 1e9,
              "time_unit": "ns",
          })
  with open(arguments.file, "w", encoding="utf-8") as out:
    json.dump({"benchmarks": benchmarks}, out, indent=2)


if __name__ == "__main__":
  main()
