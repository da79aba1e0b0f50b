"""What scenarios.py runs in a process of its own, with a cache for Python.

  peers.py CACHE COMMAND STORE [ARGUMENT...]

The twin of probe.cc, with the same commands and output: a line `computed`
whenever a function has computed, `returned` when a call of matrix() has
returned, and for each call a JSON object. Each cache is used as its manual
advises, or is what a programmer writes who needs no more.
"""

import concurrent.futures
import contextlib
import functools
import hashlib
import json
import math
import os
import pickle
import sqlite3
import sys
import threading

import diskcache
import joblib
import numpy


def joblib_plain(store, function):
  return joblib.Memory(store, verbose=0).cache(function)


def joblib_mmap(store, function):
  return joblib.Memory(store, verbose=0, mmap_mode="r").cache(function)


def diskcache_memoize(store, function):
  return diskcache.Cache(store).memoize()(function)


def diskcache_barrier(store, function):
  """As its manual looks twice: without a lock, then with one per function."""
  cache = diskcache.Cache(store)
  lock = diskcache.barrier(cache, diskcache.Lock)
  return cache.memoize(expire=0)(lock(cache.memoize()(function)))


def diskcache_stampede(store, function):
  """For results that expire: it computes anew before they do."""
  cache = diskcache.Cache(store)
  return diskcache.memoize_stampede(cache, expire=3600)(function)


def key_of(function, arguments):
  text = pickle.dumps((function.__name__, arguments))
  return hashlib.sha256(text).hexdigest()


def sqlite_by_hand(store, function):
  os.makedirs(store, exist_ok=True)

  def ask(*words):
    path = os.path.join(store, "results.db")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
      return database.execute(*words).fetchone()

  ask("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value BLOB)")

  def remembered(*arguments):
    key = key_of(function, arguments)
    row = ask("SELECT value FROM results WHERE key = ?", (key,))
    if row:
      return pickle.loads(row[0])
    value = function(*arguments)
    ask("INSERT OR REPLACE INTO results VALUES (?, ?)",
        (key, pickle.dumps(value)))
    return value
  return remembered


def files_by_hand(store, function):
  os.makedirs(store, exist_ok=True)

  def remembered(*arguments):
    path = os.path.join(store, key_of(function, arguments))
    if os.path.exists(path):
      with open(path, "rb") as file:
        return pickle.load(file)
    value = function(*arguments)
    # Renamed when it is whole: nobody reads what a killed writer leaves.
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(temporary, "wb") as file:
      pickle.dump(value, file)
    os.replace(temporary, path)
    return value
  return remembered


CACHES = {
    "joblib": joblib_plain,
    "joblib mmap": joblib_mmap,
    "diskcache": diskcache_memoize,
    "diskcache.barrier": diskcache_barrier,
    "diskcache.memoize_stampede": diskcache_stampede,
    "SQLite by hand": sqlite_by_hand,
    "files by hand": files_by_hand,
}

# What matrices repeat: 1 MB.
BLOCK = numpy.random.default_rng(1).random((128, 1024))


def say(line):
  """In one write: other threads have lines as well."""
  os.write(1, f"{line}\n".encode())


def tell(right, **more):
  say(json.dumps({"right": bool(right), **more}))


# ------------------------------------------------- the functions remembered


def matrix(n, rows):
  value = numpy.resize(BLOCK + n, (rows, 1024))
  say("computed")
  return value


def constant(n):
  del n
  say("computed")
  return numpy.resize(BLOCK, (1024, 1024))


def slow(n):
  # 0.3 s in which other threads run.
  threading.Event().wait(0.3)
  say("computed")
  return n + 1


def add(k, x):
  say("computed")
  return x + k


def describe(x):
  """Different for all that a function can tell apart."""
  say("computed")
  if isinstance(x, numpy.ndarray):
    return f"{x.dtype} {x.shape} {x[0, 1]}"
  return f"{type(x).__name__} {math.copysign(1, x)}"


def total(x):
  say("computed")
  return sum(x.values()) if isinstance(x, dict) else x.sum()


# ------------------------------------------------------------- the commands


def is_matrix(value, n, rows):
  # Block by block: fresh memory takes longer than all else.
  expected = BLOCK + n
  return value.shape == (rows, 1024) and all(
      numpy.array_equal(block, expected[:len(block)])
      for block in (value[i:i + 128] for i in range(0, rows, 128)))


def run_matrix(remember, store, n, rows):
  n, rows = int(n), int(rows)
  value = remember(store, matrix)(n, rows)
  say("returned")
  tell(is_matrix(value, n, rows))


def run_check(remember, store):
  """Removes what killed writers have left, as diskcache's manual says."""
  del remember
  diskcache.Cache(store).check(fix=True)


def run_concurrent(remember, store, threads):
  function = remember(store, slow)
  barrier = threading.Barrier(int(threads))

  def call():
    barrier.wait()
    try:
      tell(function(1) == 2)
    except Exception as error:  # Whatever a cache may raise.
      tell_error(error)
  say("ready")
  sys.stdin.readline()
  with concurrent.futures.ThreadPoolExecutor(int(threads)) as pool:
    for _ in range(int(threads)):
      pool.submit(call)


def run_constant(remember, store, count):
  function = remember(store, constant)
  for n in range(int(count)):
    tell(is_matrix(function(n), 0, 1024))


def run_closure(remember, store):
  k = 1
  function = remember(store, lambda x: add(k, x))
  tell(function(10) == 11)
  tell(function(10) == 11)
  k = 2
  tell(function(10) == 12)


def run_bound(remember, store):
  for k in (1, 2):
    function = remember(store, functools.partial(add, k))
    tell(function(10) == 10 + k)


def run_edited(remember, store, directory):
  """Calls f(20) of subject.py in `directory`."""
  sys.path.insert(0, directory)
  import subject  # pylint: disable=import-outside-toplevel,import-error
  value = remember(store, subject.f)(20)
  say(json.dumps({"value": value}))


def run_unlike(remember, store):
  """Two calls each, whose arguments a function can tell apart."""
  a = numpy.arange(16, dtype=float).reshape(4, 4)
  cases = (
      ("a transposed array", a, a.T.copy()),
      ("its bytes in the other order", a, a.T),
      ("its bytes as int64", a, a.view(numpy.int64)),
      ("its bytes in another shape", a, a.reshape(2, 8)),
      ("0.0 and -0.0", 0.0, -0.0),
      ("1 and 1.0", 1, 1.0),
      ("1 and True", 1, True),
  )
  for i, (case, first, second) in enumerate(cases):
    function = remember(os.path.join(store, str(i)), describe)
    before = function(first)
    tell(before != function(second), case=case)


def run_equal(remember, store):
  """Two calls each with equal arguments."""
  slices = numpy.arange(32, dtype=float).reshape(4, 8)[:, :4]
  cases = (
      ("NaN", describe, float("nan"), float("nan")),
      ("a dictionary in another order", total,
       {"a": 1, "b": 2}, {"b": 2, "a": 1}),
      ("a slice of an array and its copy", total, slices, slices.copy()),
  )
  for i, (case, plain, first, second) in enumerate(cases):
    function = remember(os.path.join(store, str(i)), plain)
    before = function(first)
    tell(True, case="")
    tell(before == function(second), case=case)


def run_mutated(remember, store):
  function = remember(store, matrix)
  tell(is_matrix(function(1, 128), 1, 128))
  value = function(1, 128)
  try:
    value[0, 0] = -1
  except ValueError:
    say("read-only")
  tell(is_matrix(function(1, 128), 1, 128))


def tell_error(error):
  say(json.dumps({"error": f"{type(error).__name__}: {error}"}))


def main(cache, command, store, *arguments):
  try:
    globals()[f"run_{command}"](CACHES[cache], store, *arguments)
  except Exception as error:  # Whatever a cache may raise.
    tell_error(error)


if __name__ == "__main__":
  main(*sys.argv[1:])
