"""A process that remembers one result, or that starts to use it and exits.

  first_hit.py joblib|diskcache DIRECTORY fill|hit

Is timed from the start of the process to its end: it imports only its peer.
"""

import sys

PEER, DIRECTORY, MODE = sys.argv[1:]


def next_of(x):
  if MODE == "hit":
    sys.exit("forgotten")
  return x + 1


if PEER == "joblib":
  import joblib
  remembered = joblib.Memory(DIRECTORY, verbose=0).cache(next_of)
elif PEER == "diskcache":
  import diskcache
  remembered = diskcache.Cache(DIRECTORY).memoize()(next_of)
else:
  sys.exit(f"no such peer: {PEER}")

if remembered(1) != 2:
  sys.exit("a wrong result")
