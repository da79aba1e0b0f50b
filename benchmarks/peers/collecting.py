"""Making a cache smaller: half of its results are removed."""

import os

import numpy

import timing

RESULTS = 1_000
DOUBLES = 8192  # 64 KB.


def block_of(x):
  return numpy.full(DOUBLES, float(x))


def measure(peer, directory, report, options):
  del options
  name = f"CollectFiles/{RESULTS}"
  if not report.wants(name):
    return
  cache = peer(os.path.join(directory, "collecting"))
  function = cache.cache(block_of)
  with cache.group():
    for i in range(RESULTS):
      function(i)
  os.sync()  # Else SQLite waits for the files to be written.
  before = cache.count()
  elapsed = timing.time_call(cache.shrink, RESULTS * DOUBLES * 8 // 2)
  report.add_rate(name, elapsed / (before - cache.count()))
