"""What remembering costs in Python: the peers of benchmarks/memo_benchmark.cc.

  memo_peers.py DIRECTORY FILE [REGEX]

Measures the same calls with joblib.Memory and diskcache, each used as its
manual advises, in DIRECTORY, which must exist. Writes to FILE what is measured
of the names that match, as Google Benchmark would; the peer is a part of the
name: Miss/joblib.
"""

import json
import os
import re
import statistics
import sys
import time

import diskcache
import joblib
import numpy

CALLS = 10_000
GROUP = 1_000
STAGES = 5
ROWS = 3536  # 100 MB of doubles.


def next_of(x):
  return x + 1


def time_each(function):
  """Seconds of a call of function(0) to function(CALLS - 1): median, mean."""
  each = []
  begin = time.perf_counter()
  for i in range(CALLS):
    start = time.perf_counter()
    function(i)
    each.append(time.perf_counter() - start)
  return statistics.median(each), (time.perf_counter() - begin) / CALLS


def time_distinct(function):
  """Seconds of a call of function(0) to function(CALLS - 1)."""
  start = time.perf_counter()
  for i in range(CALLS):
    function(i)
  return (time.perf_counter() - start) / CALLS


def time_same(function):
  start = time.perf_counter()
  for _ in range(CALLS):
    function(CALLS // 2)
  return (time.perf_counter() - start) / CALLS


def measure_calls(open_function):
  """Seconds by name. `open_function` opens the same cache anew each time."""
  times = {}
  function = open_function()
  function(-1)
  times["Miss"], times["Misses"] = time_each(function)
  function = open_function()
  function(-1)
  times["IndexHits"] = time_distinct(function)
  times["IndexHit"] = time_same(function)
  # These know one kind of hit.
  times["MemoryHits"] = times["IndexHits"]
  times["MemoryHit"] = times["IndexHit"]
  return times


def joblib_calls(directory):
  times = measure_calls(
      lambda: joblib.Memory(directory, verbose=0).cache(next_of))
  times["GroupedMisses"] = times["Misses"]  # It has no groups.
  return times


def time_groups(cache, function):
  start = time.perf_counter()
  for first in range(0, CALLS, GROUP):
    with cache.transact():
      for i in range(first, first + GROUP):
        function(i)
  return (time.perf_counter() - start) / CALLS


def memoize_calls(directory):
  times = measure_calls(
      lambda: diskcache.Cache(directory).memoize()(next_of))
  cache = diskcache.Cache(directory + ".groups")
  times["GroupedMisses"] = time_groups(cache, cache.memoize()(next_of))
  return times


def get_set_calls(directory):
  """What a program would write that knows its key."""
  absent = object()

  def remembered_in(cache):
    def remembered(x):
      y = cache.get(x, absent)
      if y is absent:
        y = next_of(x)
        cache.set(x, y)
      return y
    return remembered

  times = measure_calls(lambda: remembered_in(diskcache.Cache(directory)))
  cache = diskcache.Cache(directory + ".groups")
  times["GroupedMisses"] = time_groups(cache, remembered_in(cache))
  return times


def make(seed):
  return numpy.random.default_rng(seed).random((ROWS, ROWS))


def add(a, x):
  return a + x


def add_to_shelved(shelved, x):
  return shelved.get() + x


def chain(call_first, call_next):
  """Seconds of a stage of a chain, by name."""
  def run():
    start = time.perf_counter()
    a = call_first(1)
    for i in range(1, STAGES):
      a = call_next(a, i)
    return (time.perf_counter() - start) / STAGES

  cold = run()
  run()
  return {"ColdChainStage": cold,
          "ChainStage": statistics.median(run() for _ in range(5))}


def joblib_chain(directory):
  # Maps results: copying them takes longer.
  memory = joblib.Memory(directory, verbose=0, mmap_mode="r")
  return chain(memory.cache(make), memory.cache(add))


def shelved_chain(directory):
  """Functions that were written for handles, of which joblib hashes little."""
  memory = joblib.Memory(directory, verbose=0, mmap_mode="r")
  return chain(memory.cache(make).call_and_shelve,
               memory.cache(add_to_shelved).call_and_shelve)


def disk_usage(directory):
  return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
             for folder, _, names in os.walk(directory) for name in names)


def constant(x):
  del x
  return numpy.sin(numpy.arange(1 << 20, dtype=float)).reshape(1024, 1024)


def joblib_equal(directory):
  function = joblib.Memory(directory, verbose=0).cache(constant)
  for i in range(20):
    function(i)
  return {"EqualResults": disk_usage(directory)}


def diskcache_equal(directory):
  function = diskcache.Cache(directory).memoize()(constant)
  for i in range(20):
    function(i)
  return {"EqualResults": disk_usage(directory)}


def joblib_tiny(directory):
  function = joblib.Memory(directory, verbose=0).cache(next_of)
  for i in range(1000):
    function(i)
  return {"TinyResults": disk_usage(directory)}


def diskcache_tiny(directory):
  with diskcache.Cache(directory) as cache:
    function = cache.memoize()(next_of)
    for i in range(1000):
      function(i)
  return {"TinyResults": disk_usage(directory)}


SIZES = ("EqualResults", "TinyResults")
PEERS = (
    ("IndexHit IndexHits MemoryHit MemoryHits Miss Misses GroupedMisses",
     (("joblib", joblib_calls), ("diskcache memoize", memoize_calls),
      ("diskcache get, set", get_set_calls))),
    ("ChainStage ColdChainStage",
     (("joblib", joblib_chain), ("joblib shelved", shelved_chain))),
    ("EqualResults",
     (("joblib", joblib_equal), ("diskcache memoize", diskcache_equal))),
    ("TinyResults",
     (("joblib", joblib_tiny), ("diskcache memoize", diskcache_tiny))),
)


def main():
  directory, path, *regex = sys.argv[1:]
  wanted = re.compile(*regex or ["."])
  runs = []
  for names, peers in PEERS:
    if not any(wanted.search(name) for name in names.split()):
      continue
    for peer, measure in peers:
      place = os.path.join(directory, f"{names.split()[0]} {peer}")
      # What others have written is not to be waited for in here.
      os.sync()
      for name, value in measure(place).items():
        if wanted.search(name):
          is_size = {"is_size": True} if name in SIZES else {}
          runs.append({"name": f"{name}/{peer}", "run_name": f"{name}/{peer}",
                       "run_type": "iteration", "time_unit": "ns",
                       "real_time": value * (1 if is_size else 1e9)} | is_size)
  with open(path, "w", encoding="utf-8") as file:
    json.dump({"benchmarks": runs}, file, indent=1)


if __name__ == "__main__":
  main()
