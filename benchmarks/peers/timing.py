"""Clocks around calls. All times are seconds."""

import statistics
import time


def time_call(function, *args):
  start = time.perf_counter()
  function(*args)
  return time.perf_counter() - start


def median(sample, at_least=2, at_most=200):
  """The median of what `sample` returns until 0.15 s are over, or 1 s if it was
  called less than `at_least` times until then."""
  each = []
  start = time.perf_counter()
  while len(each) < at_most:
    each.append(sample())
    elapsed = time.perf_counter() - start
    if elapsed > 1 or elapsed > 0.15 and len(each) >= at_least:
      break
  return statistics.median(each)
