"""Measures what a change did: the benchmarks of two trees, in turn.

  compare.py BASE_PROGRAMS PROGRAMS [--quick] [--dir DIR] [--part PART]...
             [--filter REGEX]

The directories have the same benchmarks, compiled with either library. Prints
for each row how long it takes now of what it took before, and the noise: half
the distance between the quartiles of that ratio, taken round by round.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile

import run
from page import noise, value_text

ROUNDS = 8
QUICK_ROUNDS = 4
NOT_COMPARED = ("peers", "include")


def ratios(base, new):
  """The ratio of each round, or nothing if one of them was not measured."""
  return [b / a for a, b in zip(base["values"], new["values"]) if a > 0]


def verdict(ratio, spread):
  if abs(ratio - 1) <= max(2 * spread, 0.03):
    return ""
  return "faster" if ratio < 1 else "slower"


def main():
  parser = argparse.ArgumentParser()
  parser.add_argument("base", type=pathlib.Path)
  parser.add_argument("programs", type=pathlib.Path)
  parser.add_argument("--quick", action="store_true")
  parser.add_argument("--dir")
  parser.add_argument("--part", action="append",
                      choices=[part.name for part in run.PARTS
                               if part.name not in NOT_COMPARED])
  parser.add_argument("--filter")
  options = parser.parse_args()
  options.ours_only = options.filter is None
  parts = [part.name for part in run.PARTS
           if part.name not in NOT_COMPARED
           and (not options.part or part.name in options.part)]
  rounds = QUICK_ROUNDS if options.quick else ROUNDS
  sides = (run.Results(), run.Results())
  progress = run.Progress(rounds * len(parts) * 2)
  with tempfile.TemporaryDirectory(prefix="benchmark.",
                                   dir=options.dir) as directory:
    runners = [run.Runner(path.resolve(), directory, options)
               for path in (options.base, options.programs)]
    for number in range(rounds):
      for part in parts:
        # The first of a pair changes from round to round.
        for side in ((0, 1) if number % 2 == 0 else (1, 0)):
          progress.tell(f"{part}, {('before', 'after')[side]}")
          for path in runners[side].run(part):
            sides[side].add(part, path)
          if runners[side].failures:
            return 1
  progress.end()
  if not any(sides[0].parts.values()):
    sys.exit("compare: no row has such a name")
  print(f"{'':42} {'before':>10} {'after':>10} {'after/before':>16}")
  for part in parts:
    for key, base in sides[0].parts[part].items():
      new = sides[1].parts[part].get(key)
      values = ratios(base, new) if new else []
      if not values:
        continue
      ratio = statistics.median(values)
      spread = noise(values)
      what, peer, size = key
      name = "/".join([what, *([peer] if peer else []), *map(str, size)])
      kind = "size" if base["unit"] == "bytes" else "time"
      before, after = (value_text(statistics.median(row["values"]), kind)
                       for row in (base, new))
      print(f"{name:42} {before:>10} {after:>10} {ratio:9.2f} ± {spread:.2f}"
            f"  {verdict(ratio, spread)}".rstrip())
  return 0


if __name__ == "__main__":
  sys.exit(main())
