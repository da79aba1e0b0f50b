"""The peers: caches of Python, each opened and used as its manual advises.

A peer is imported when it is opened, so that none is needed to measure another
and none costs another anything.
"""

# pylint: disable=import-outside-toplevel

import contextlib
import os


class Cache:
  """The results that are remembered in a directory.

  `cache(function)` is a function that remembers; what else can be asked for
  is what some peers have.
  """
  MODULES = ()
  GROUPS = False  # Whether misses can be written together.
  # The largest matrix, and what is said of larger ones.
  LARGEST = float("inf")
  TOO_LARGE = ""

  def group(self):
    """A context whose misses are written together if it has GROUPS."""
    return contextlib.nullcontext()

  def close(self):
    pass


class Joblib(Cache):
  LABEL = "joblib"
  MODULES = ("joblib",)
  OPTIONS = {}

  def __init__(self, directory):
    import joblib
    self._memory = joblib.Memory(directory, verbose=0, **self.OPTIONS)

  def cache(self, function):
    return self._memory.cache(function)

  def count(self):
    return len(self._memory.store_backend.get_items())

  def shrink(self, size):
    try:
      self._memory.reduce_size(bytes_limit=size)
    except TypeError:  # Before 1.3.
      self._memory.bytes_limit = size
      self._memory.reduce_size()


class JoblibMapped(Joblib):
  """Maps results: copying them takes longer."""
  LABEL = "joblib mmap"
  OPTIONS = {"mmap_mode": "r"}


class JoblibShelved(JoblibMapped):
  """Returns handles, of which joblib hashes little when it is given them."""
  LABEL = "joblib shelved"

  def cache(self, function):
    return super().cache(function).call_and_shelve


class JoblibCompressed(Joblib):
  LABEL = "joblib compressed"
  OPTIONS = {"compress": True}
  LARGEST = 64 << 20
  TOO_LARGE = "zlib would take 20 s"


class Diskcache(Cache):
  LABEL = "diskcache"
  MODULES = ("diskcache",)
  GROUPS = True
  # It works up to 1 GB, of which it is SQLite that refuses to make a key.
  LARGEST = 64 << 20
  TOO_LARGE = "the key is the matrix: would take 11 s and 5 GB of memory"

  def __init__(self, directory):
    import diskcache
    # Else it forgets what is beyond 1 GB.
    self._cache = diskcache.Cache(directory, size_limit=1 << 40)

  def cache(self, function):
    return self._cache.memoize()(function)

  def group(self):
    return self._cache.transact()

  def count(self):
    return len(self._cache)

  def shrink(self, size):
    self._cache.reset("size_limit", size)
    self._cache.cull()

  def close(self):
    self._cache.close()


class DiskcacheGetSet(Diskcache):
  """What a program would write that knows its key."""
  LABEL = "diskcache get, set"
  MODULES = ("diskcache", "joblib")
  LARGEST = float("inf")

  def cache(self, function):
    import joblib
    cache = self._cache
    absent = object()

    def remembered(x):
      # diskcache hashes nothing: a matrix itself would be the key.
      key = x if isinstance(x, int) else joblib.hash(x)
      y = cache.get(key, absent)
      if y is absent:
        y = function(x)
        cache.set(key, y)
      return y
    return remembered


class Jum(Cache):
  LABEL = "jum"
  MODULES = ("jum",)
  LARGEST = 64 << 20
  TOO_LARGE = "gzip would take 20 s"

  def __init__(self, directory):
    self._directory = directory

  def cache(self, function):
    import jum
    return jum.cache(cache_dir=self._directory)(function)


class Funes(Cache):
  LABEL = "funes"
  MODULES = ("funes",)

  def __init__(self, directory):
    # It knows but one place: "cache" in the working directory.
    os.makedirs(directory, exist_ok=True)
    os.chdir(directory)

  def cache(self, function):
    import funes
    return funes.memorious(function)


PEERS = {
    "joblib": Joblib,
    "joblib_mmap": JoblibMapped,
    "joblib_shelved": JoblibShelved,
    "joblib_compressed": JoblibCompressed,
    "diskcache": Diskcache,
    "diskcache_get_set": DiskcacheGetSet,
    "jum": Jum,
    "funes": Funes,
}
