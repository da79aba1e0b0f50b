"""Prints benchmarks next to their peers: medians, spreads and ratios.

Reads the JSON that the benchmarks of this directory write: that of Google
Benchmark. A benchmark What/size has the peer What/PEER/size, which does the
same work by other means. It may have a "target", the most that it should take,
and is told per second if it "is_rate"; if it "is_size", it is bytes of disk
that are told as nanoseconds.
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


def room(number):
  return f"{number / 1e6:.3g} MB"


def rate(bytes_per_second):
  return f"{bytes_per_second / 1e9:.3g} GB/s" if bytes_per_second else ""


def per_second(nanoseconds):
  """Rounded to three digits."""
  return f"{float(f'{1e9 / nanoseconds:.3g}'):,.0f}/s"


def size(text):
  for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
    if int(text) % factor == 0:
      return f"{int(text) // factor} {unit}"
  return f"{text} B"


def main():
  runs = {}
  for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
      text = file.read()
    # Google Benchmark writes nothing if no name matches.
    for run in json.loads(text)["benchmarks"] if text else ():
      if "error_message" in run:
        sys.exit(f"{run['name']}: {run['error_message']}")
      if run["run_type"] == "iteration":
        runs.setdefault(split(run["run_name"]), []).append(run)
  header = ("", "", "median", "spread", "", "target", "peer", "median",
            "spread", "peer/ours")
  rows = [header]
  for (what, peer, arg), ours in runs.items():
    if peer:
      continue
    row = [what, " + ".join(map(size, arg)), *measured(ours), target(ours)]
    theirs = [(name, run) for (other, name, other_arg), run in runs.items()
              if other == what and name and other_arg == arg]
    for name, run in theirs:
      median, spread, _ = measured(run)
      rows.append(row + [name, median, spread,
                         f"{times(run) / times(ours):.2f}"])
      row = [""] * len(row)
    if not theirs:
      rows.append(row)
  columns = [i for i in range(len(header))
             if i == 0 or any(row[i] for row in rows[1:] if i < len(row))]
  widths = {i: max(len(row[i]) for row in rows if i < len(row))
            for i in columns}
  for row in rows:
    print("  ".join(row[i].ljust(widths[i])
                    for i in columns if i < len(row)).rstrip())


def nanoseconds(run):
  factor = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
  return run["real_time"] * factor


def times(runs):
  return statistics.median(map(nanoseconds, runs))


def target(runs):
  limit = runs[0].get("target")
  if not limit:
    return ""
  text = (f">= {per_second(limit)}" if "is_rate" in runs[0] else
          f"<= {room(limit)}" if "is_size" in runs[0] else
          f"<= {time(limit)}")
  return text if times(runs) <= limit else text + " missed"


def measured(runs):
  """Median time, half the distance between the quartiles, and rate."""
  values = sorted(map(nanoseconds, runs))
  median = statistics.median(values)
  spread = ""
  if len(values) >= 4:
    quartiles = statistics.quantiles(values, n=4)
    spread = f"{(quartiles[2] - quartiles[0]) / 2 / median:.0%}"
  if "is_rate" in runs[0]:
    return time(median), spread, per_second(median)
  if "is_size" in runs[0]:
    return room(median), spread, ""
  rates = [run.get("bytes_per_second", 0) for run in runs]
  return time(median), spread, rate(statistics.median(rates))


if __name__ == "__main__":
  main()
