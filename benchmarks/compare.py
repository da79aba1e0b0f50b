"""Prints benchmarks next to their peers: medians, spreads and ratios.

Reads the JSON that the benchmarks of this directory write with
--benchmark_out. A benchmark What/size has the peer What/PEER/size, which does
the same work by other means.
"""

import json
import statistics
import sys


def split(name):
  """("HashMatrix", "XXH3", "1048576") of "HashMatrix/XXH3/1048576"."""
  what, *rest = name.split("/")
  sizes = [part for part in rest if part.isdigit()]
  peers = [part for part in rest if not part.isdigit()]
  return what, "".join(peers), tuple(sizes)


def time(nanoseconds):
  for unit, factor in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
    if nanoseconds >= factor:
      return f"{nanoseconds / factor:.3g} {unit}"
  return f"{nanoseconds:.3g} ns"


def rate(bytes_per_second):
  return f"{bytes_per_second / 1e9:.3g} GB/s" if bytes_per_second else ""


def size(text):
  for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
    if int(text) % factor == 0:
      return f"{int(text) // factor} {unit}"
  return f"{text} B"


def main():
  runs = {}
  for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
      for run in json.load(file)["benchmarks"]:
        if run["run_type"] == "iteration" and "error_message" not in run:
          runs.setdefault(split(run["run_name"]), []).append(run)
        elif "error_message" in run:
          sys.exit(f"{run['name']}: {run['error_message']}")
  header = ("", "", "median", "spread", "", "peer", "median", "spread",
            "peer/ours")
  rows = [header]
  for (what, peer, arg), ours in runs.items():
    if peer:
      continue
    row = [what, " + ".join(map(size, arg)), *measured(ours)]
    for (other, name, other_arg), theirs in runs.items():
      if other == what and name and other_arg == arg:
        median, spread, _ = measured(theirs)
        rows.append(row + [name, median, spread,
                           f"{times(theirs) / times(ours):.2f}"])
        row = [""] * len(row)
  widths = [max(len(row[i]) for row in rows if i < len(row))
            for i in range(len(header))]
  for row in rows:
    print("  ".join(cell.ljust(width)
                    for cell, width in zip(row, widths)).rstrip())


def times(runs):
  return statistics.median(run["real_time"] for run in runs)


def measured(runs):
  """Median time, half the distance between the quartiles, and rate."""
  factor = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[runs[0]["time_unit"]]
  values = sorted(run["real_time"] * factor for run in runs)
  median = statistics.median(values)
  spread = 0
  if len(values) >= 4:
    quartiles = statistics.quantiles(values, n=4)
    spread = (quartiles[2] - quartiles[0]) / 2 / median
  rates = [run.get("bytes_per_second", 0) for run in runs]
  return time(median), f"{spread:.0%}", rate(statistics.median(rates))


if __name__ == "__main__":
  main()
