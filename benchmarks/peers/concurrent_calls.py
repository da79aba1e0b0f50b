"""Calls of processes and of threads that share a directory."""

import multiprocessing
import os
import threading
import time

import calls

FORK = multiprocessing.get_context("fork")
KINDS = (("Process", FORK.Process, FORK.Barrier),
         ("Thread", threading.Thread, threading.Barrier))
TIMEOUT = 60  # Until the others hear of a worker that could not start.


def work(open_function, arguments, ready, times, index):
  function = open_function()
  function(-1)
  ready.wait()
  times[index] = time.perf_counter()
  for x in arguments:
    function(x)
  times[index + 1] = time.perf_counter()


def time_workers(new_worker, new_barrier, open_function, workers, count):
  """Of a call: from when the first begins to the end of the last."""
  ready = new_barrier(workers, timeout=TIMEOUT)
  times = FORK.Array("d", 2 * workers)  # Begin, end, begin, end...
  started = [
      new_worker(target=work,
                 args=(open_function, range(i, count, workers), ready, times,
                       2 * i))
      for i in range(workers)]
  for worker in started:
    worker.start()
  for worker in started:
    worker.join()
  if not all(times):
    raise RuntimeError("a worker has failed")
  return (max(times) - min(times)) / count


def measure(peer, directory, report, options):
  for kind, new_worker, new_barrier in KINDS:
    for workers in (1, 2, 4):
      misses, hits = (f"{kind}{what}/{workers}" for what in ("Misses", "Hits"))
      if not report.wants(misses, hits):
        continue
      path = os.path.join(directory, f"{kind} {workers}")

      def open_function(path=path):
        return peer(path).cache(calls.next_of)

      open_function()(-1)
      for name in (misses, hits):
        report.add_rate(name, time_workers(new_worker, new_barrier,
                                           open_function, workers,
                                           options.calls))
