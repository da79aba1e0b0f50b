"""Stages of a chain: each of STAGES calls returns a matrix of 100 MB and is a
function of the one before."""

import os
import shutil
import time

import numpy

import timing

STAGES = 5
BYTES = 100 << 20
COLUMNS = 1024


def make(rows):
  return numpy.random.default_rng(1).random((rows, COLUMNS))


def add(a, x):
  return a + x


def add_to_shelved(shelved, x):
  return shelved.get() + x


def measure_chain(peer, directory, report, options, add_function):
  if BYTES > options.max_bytes or not report.wants("ColdChainStage",
                                                   "ChainStage"):
    return
  rows = BYTES // COLUMNS // 8
  path = os.path.join(directory, "chain")
  cache = peer(path)
  call_first = cache.cache(make)
  call_next = cache.cache(add_function)

  def time_stage():
    start = time.perf_counter()
    a = call_first(rows)
    for i in range(1, STAGES):
      a = call_next(a, i)
    return (time.perf_counter() - start) / STAGES

  report.add("ColdChainStage", time_stage())
  report.add("ChainStage", timing.median(time_stage, 3, 5))
  shutil.rmtree(path)


def measure(peer, directory, report, options):
  measure_chain(peer, directory, report, options, add)


def measure_shelved(peer, directory, report, options):
  """Functions that were written for handles."""
  measure_chain(peer, directory, report, options, add_to_shelved)
