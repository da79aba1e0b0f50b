"""Runs the benchmarks and their peers in turn, and keeps what was measured.

  run.py PROGRAMS OUT [--quick] [--dir DIR] [--part PART]... [--filter REGEX]

PROGRAMS is the directory with the compiled benchmarks. Works in a directory of
its own in DIR. Writes OUT/PART.json, with all values of each row, and last
OUT/machine.json, which also names the programs and peers that failed: the rest
is measured without them, and the exit code is 1.

All parts are run once, then all of them again, and so on: whatever slows the
machine down for a while does not fall on one side of a comparison.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
PYTHON = "/usr/bin/python3"  # The one that sees Debian's packages.

# How often each is run, also with --quick; what is expensive, less often. Rows
# with a name that matches QUICK_SKIPS are left out by --quick.
Part = collections.namedtuple("Part", "name rounds quick_rounds")
PARTS = (
    Part("scalar_calls", 4, 1),
    Part("matrix_calls", 2, 1),
    Part("blobs", 2, 1),
    Part("hashing", 2, 1),
    Part("serializers", 3, 1),
    Part("compression", 2, 1),
    Part("throughput", 2, 1),
    Part("first_hit", 4, 1),
    Part("archive", 2, 1),
    Part("peers", 2, 1),
    # Last, as it removes many files, after which new ones are slow to make.
    Part("scale", 2, 1),
    Part("include", 2, 0),
)
QUICK_SKIPS = ("/536870912|/1000000/|/268435456|Noise|Sparse|Json|ExportField|"
               "ImportField|FieldArchive|ChainStage")
PEER_SIZES = ("--calls", "2000", "--max-bytes", str(512 << 20),
              "--records", "100000")
QUICK_PEER_SIZES = ("--calls", "1000", "--max-bytes", str(32 << 20),
                    "--records", "1000")
OURS_ONLY = (r"^[A-Za-z0-9]+(/[0-9]+)*"
             r"(/(iterations:[0-9]+|manual_time|real_time|min_time:[0-9.]+))*$")


class Results:
  """Values by part, row and peer."""

  def __init__(self):
    self.parts = collections.defaultdict(dict)

  def add(self, part, path):
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    # Google Benchmark writes nothing if no name matches.
    for run in json.loads(text)["benchmarks"] if text else ():
      if run.get("run_type") == "iteration":
        self.add_run(part, run)

  def add_run(self, part, run):
    what, peer, size = split(run["run_name"])
    row = self.parts[part].setdefault((what, peer, size), {
        "what": what, "peer": peer, "size": size, "unit": "s", "values": []})
    if run.get("error_occurred"):
      row["error"] = run["error_message"]
    elif "size" in run or run.get("is_size"):
      row["unit"] = "bytes"
      row["values"].append(run.get("size", run["real_time"]))
    else:
      row["values"].append(seconds(run))
    if "file" in run:
      row.setdefault("file", []).append(run["file"])

  def write(self, out):
    for part, rows in self.parts.items():
      write_json(out / f"{part}.json", {"rows": list(rows.values())})


def write_json(path, value):
  path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def split(name):
  """("Miss", "joblib", [8]) of "Miss/joblib/8/iterations:1/manual_time"."""
  what, *rest = name.split("/")
  rest = [part for part in rest
          if ":" not in part and part not in ("manual_time", "real_time")]
  sizes = [int(part) for part in rest if part.isdigit()]
  return what, "".join(p for p in rest if not p.isdigit()), tuple(sizes)


def seconds(run):
  return run["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[
      run["time_unit"]]


class Progress:
  """A line on a terminal."""

  def __init__(self, total):
    self.start = time.monotonic()
    self.total = total
    self.done = 0

  def tell(self, what):
    if sys.stderr.isatty():
      elapsed = time.monotonic() - self.start
      print(f"\r\033[K[{self.done}/{self.total}] {elapsed:.0f} s: {what}",
            end="", file=sys.stderr, flush=True)
    self.done += 1

  def end(self):
    if sys.stderr.isatty():
      print("\r\033[K", end="", file=sys.stderr)


class Runner:
  """Runs the programs of a round in a directory that is new.

  `failures` are of those that failed, by name: the last lines that they wrote.
  """

  def __init__(self, programs, directory, options):
    self.programs = programs
    self.directory = directory
    self.options = options
    self.failures = {}

  def run(self, part):
    """The files with what was measured; one that failed wrote none."""
    # What others have written is not to be waited for in here.
    os.sync()
    scratch = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
    if part == "peers":
      return [path for peer, python in self.peers().items()
              for path in self.run_peer(python, peer, scratch)]
    out = scratch / "out.json"
    if part == "include":
      command = [PYTHON, HERE / "compile" / "compile_time.py", out,
                 "--repetitions", "1"]
    else:
      command = [self.programs / f"{part}_benchmark",
                 f"--benchmark_out={out}", "--benchmark_out_format=json",
                 f"--benchmark_min_time={0.01 if self.options.quick else 0.05}",
                 f"--benchmark_filter={self.filter()}"]
    return self.call(part, command, scratch, out)

  def filter(self):
    if self.options.ours_only:
      return OURS_ONLY
    if self.options.filter:
      return self.options.filter
    return "-" + QUICK_SKIPS if self.options.quick else "."

  def peers(self):
    """The peers that can be had, each with the Python that sees it."""
    found = {}
    for python in (PYTHON, shutil.which("python3")):
      listed = subprocess.run([python, PEERS / "peer.py", "--list"],
                              check=True, capture_output=True, text=True)
      for peer in listed.stdout.split():
        found.setdefault(peer, python)
    return found

  def run_peer(self, python, peer, scratch):
    out = scratch / f"{peer}.json"
    return self.call(
        peer,
        [python, PEERS / "peer.py", peer, scratch / peer, out,
         "--filter", self.options.filter or ".",
         *(QUICK_PEER_SIZES if self.options.quick else PEER_SIZES)],
        scratch, out)

  def call(self, name, command, scratch, out):
    log = scratch / "log"
    environment = dict(os.environ, TMPDIR=str(scratch),
                       BENCHMARK_PEERS=str(PEERS))
    with open(log, "w", encoding="utf-8") as file:
      result = subprocess.run([str(word) for word in command], stdout=file,
                              stderr=file, env=environment, check=False)
    if result.returncode == 0:
      return [out]
    self.failures[name] = log.read_text(encoding="utf-8")[-2000:].strip()
    print(f"benchmark: {name} failed: {self.failures[name]}", file=sys.stderr)
    return []


def output_of(*command):
  try:
    result = subprocess.run(command, capture_output=True, text=True,
                            check=False, cwd=HERE)
  except OSError:
    return ""
  return result.stdout.strip()


def first_match(path, pattern):
  try:
    text = pathlib.Path(path).read_text(encoding="utf-8")
  except OSError:
    return ""
  match = re.search(pattern, text, re.MULTILINE)
  return match.group(1) if match else ""


PACKAGES = ("g++", "libeigen3-dev", "libsqlite3-0", "libxxhash0", "libssl3",
            "libzstd1", "python3", "python3-numpy", "python3-joblib",
            "python3-diskcache")


def machine(directory, options):
  file_system = output_of("df", "--output=fstype", directory).split()
  versions = output_of("dpkg-query", "-W", "-f=${Package} ${Version}\n",
                       *PACKAGES)
  return {
      "date": datetime.date.today().isoformat(),
      "processor": first_match("/proc/cpuinfo", r"^model name\s*: (.*)"),
      "cores": os.cpu_count(),
      "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
      "system": first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"'),
      "kernel": platform.release(),
      "file system": file_system[-1] if file_system else "",
      "commit": output_of("git", "describe", "--always", "--dirty"),
      "versions": dict(line.split() for line in versions.splitlines()
                       if " " in line),
      "quick": options.quick,
  }


def parse_options():
  parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
  parser.add_argument("programs", type=pathlib.Path)
  parser.add_argument("out", type=pathlib.Path)
  parser.add_argument("--quick", action="store_true")
  parser.add_argument("--dir")
  parser.add_argument("--part", action="append",
                      choices=[part.name for part in PARTS])
  parser.add_argument("--filter")
  parser.set_defaults(ours_only=False)
  return parser.parse_args()


def main():
  options = parse_options()
  options.out.mkdir(parents=True, exist_ok=True)
  parts = [(part.name, part.quick_rounds if options.quick else part.rounds)
           for part in PARTS if not options.part or part.name in options.part]
  results = Results()
  progress = Progress(sum(rounds for _, rounds in parts))
  start = time.monotonic()
  with tempfile.TemporaryDirectory(prefix="benchmark.",
                                   dir=options.dir) as directory:
    about = machine(directory, options)
    runner = Runner(options.programs.resolve(), directory, options)
    for number in range(max(rounds for _, rounds in parts)):
      for part, rounds in parts:
        if number < rounds:
          progress.tell(part)
          for path in runner.run(part):
            results.add(part, path)
    progress.end()
  results.write(options.out)
  about["seconds"] = round(time.monotonic() - start)
  about["failures"] = runner.failures
  write_json(options.out / "machine.json", about)
  return 1 if runner.failures else 0


if __name__ == "__main__":
  sys.exit(main())
