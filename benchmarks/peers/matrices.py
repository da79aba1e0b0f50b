"""Calls of functions of a matrix that return one of the same size.

The results were made before, so that a miss is hashing the argument and storing
the result, and a hit is hashing the argument and loading the result.
"""

import itertools
import mmap
import os
import shutil
import time

import numpy

import timing

SIZES = (8 << 10, 1 << 20, 64 << 20, 512 << 20)


def noise(size):
  """Repeats itself after 1 MB, farther than zlib can see."""
  block = numpy.random.default_rng(1).random(min(size, 1 << 20) // 8)
  columns = min(1024, size // 256)
  return numpy.resize(block, (size // 8 // columns, columns))


def returning(results):
  """A function of no globals: funes cannot hash one that has some."""
  def prepared(a):
    del a
    return results[0]
  return prepared


def take_memory(size):
  """Has `size` bytes back from the host, as TakeMemory in fixture.h does."""
  mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            | mmap.MAP_POPULATE).close()


def time_matrices(peer, path, size, misses):
  """Medians of a miss, if there are many, and of a hit."""
  a = noise(size)
  result = -a
  results = [a[:0]]
  function = peer(path).cache(returning(results))
  function(a[:1])  # Writes what is written once for a function.
  results[0] = result
  changes = itertools.count(1)

  def miss():
    a[0, 0] = next(changes)
    result[0, 0] = -a[0, 0]
    take_memory(2 * size)
    return timing.time_call(function, a)

  def hit():
    start = time.perf_counter()
    y = function(a)
    first = y[0, 0]
    elapsed = time.perf_counter() - start
    assert first == result[0, 0]
    return elapsed

  if not misses:
    miss()
  return timing.median(miss) if misses else None, timing.median(hit)


def measure_rows(peer, directory, report, options, misses, hits):
  """`misses` and `hits` are the names of the rows."""
  for size in SIZES:
    names = [f"{what}/{size}" for what in misses + hits]
    if size > options.max_bytes or not report.wants(*names):
      continue
    if size > peer.LARGEST:
      for name in names:
        report.fail(name, peer.TOO_LARGE)
      continue
    path = os.path.join(directory, f"matrices {size}")
    try:
      times = time_matrices(peer, path, size, misses)
    except Exception as error:  # pylint: disable=broad-exception-caught
      for name in names:
        report.fail(name, f"{type(error).__name__}: {error}")
    else:
      for name in names:
        report.add(name, times[0 if name.split("/")[0] in misses else 1])
    if size >= 1 << 20:
      shutil.rmtree(path)


def measure_values(peer, directory, report, options):
  measure_rows(peer, directory, report, options, ["MatrixMiss"], ["HitByValue"])


def measure_views(peer, directory, report, options):
  """Of a peer that maps what it returns: a view that is a handle as well."""
  measure_rows(peer, directory, report, options, [],
               ["HitByView", "HitByHandle"])
