"""Bytes of disk that results take, after the cache was closed."""

import os

import numpy

import calls


def constant(x):
  """8 MB."""
  del x
  return numpy.sin(numpy.arange(1 << 20, dtype=float)).reshape(1024, 1024)


def disk_usage(directory):
  return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
             for folder, _, names in os.walk(directory) for name in names)


def measure(peer, directory, report, options):
  del options
  for name, function, calls_made in (("EqualResults", constant, 20),
                                     ("TinyResults", calls.next_of, 1000)):
    if report.wants(name):
      path = os.path.join(directory, name)
      cache = peer(path)
      remembered = cache.cache(function)
      for i in range(calls_made):
        remembered(i)
      cache.close()
      report.add_size(name, disk_usage(path))
