"""Calls of the smallest function, for which what a peer does is all of the
cost."""

import os
import statistics
import time

import timing

GROUP = 1_000


def next_of(x):
  return x + 1


def time_misses(function, calls):
  """Of a call: median, mean."""
  each = []
  begin = time.perf_counter()
  for i in range(calls):
    each.append(timing.time_call(function, i))
  return statistics.median(each), (time.perf_counter() - begin) / calls


def time_distinct(function, calls):
  start = time.perf_counter()
  for i in range(calls):
    function(i)
  return (time.perf_counter() - start) / calls


def time_same(function, calls):
  start = time.perf_counter()
  for _ in range(calls):
    function(calls // 2)
  return (time.perf_counter() - start) / calls


def time_groups(cache, calls):
  function = cache.cache(next_of)
  function(-1)
  start = time.perf_counter()
  for first in range(0, calls, GROUP):
    with cache.group():
      for i in range(first, min(first + GROUP, calls)):
        function(i)
  return (time.perf_counter() - start) / calls


def measure(peer, directory, report, options):
  calls = options.calls
  path = os.path.join(directory, "calls")
  if report.wants("Miss", "Misses", "GroupedMisses", "IndexHit", "IndexHits",
                  "MemoryHit", "MemoryHits"):
    function = peer(path).cache(next_of)
    function(-1)
    miss, misses = time_misses(function, calls)
    report.add("Miss", miss)
    report.add_rate("Misses", misses)
    if not peer.GROUPS:
      report.add_rate("GroupedMisses", misses)
    function = peer(path).cache(next_of)
    function(-1)
    # They know one kind of hit.
    distinct = time_distinct(function, calls)
    report.add_rate("IndexHits", distinct)
    report.add_rate("MemoryHits", distinct)
    same = time_same(function, calls)
    report.add("IndexHit", same)
    report.add("MemoryHit", same)
  if peer.GROUPS and report.wants("GroupedMisses"):
    report.add_rate("GroupedMisses", time_groups(peer(path + ".groups"), calls))
