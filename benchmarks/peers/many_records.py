"""Hits and opening of stores that have grown."""

import os
import random
import time

import calls
import timing

RECORDS = (10_000, 100_000)
BATCH = 1_000
FILL_SECONDS = 10


def fill(cache, first, last):
  """Remembers `first` to `last` - 1, unless that will take too long."""
  function = cache.cache(calls.next_of)
  start = time.perf_counter()
  for batch in range(first, last, BATCH):
    with cache.group():
      for i in range(batch, batch + BATCH):
        function(i)
    elapsed = time.perf_counter() - start
    done = (batch + BATCH - first) / (last - first)
    if elapsed > 1 and elapsed / done > FILL_SECONDS:
      return False
  return True


def time_look_up(cache, keys):
  function = cache.cache(calls.next_of)
  return timing.median(lambda: timing.time_call(function, next(keys)), 1_000,
                       at_most=1_000)


def time_open(peer, path, keys):
  """From opening to the end of the first hit."""
  opened = []

  def open_and_hit(key):
    opened.append(peer(path))
    opened[-1].cache(calls.next_of)(key)

  median = timing.median(lambda: timing.time_call(open_and_hit, next(keys)), 9,
                         at_most=9)
  for cache in opened:
    cache.close()
  return median


def measure(peer, directory, report, options):
  path = os.path.join(directory, "records")
  filled = 0
  for records in RECORDS:
    names = f"LookUp/{records}", f"Open/{records}"
    if records > options.records or not report.wants(*names):
      continue
    cache = peer(path)
    if not fill(cache, filled, records):
      for name in names:
        report.fail(name, f"filling it would take more than {FILL_SECONDS} s")
      return
    filled = records
    generator = random.Random(1)
    keys = iter(lambda: generator.randrange(filled), None)
    report.add(names[0], time_look_up(cache, keys))
    cache.close()
    report.add(names[1], time_open(peer, path, keys))
