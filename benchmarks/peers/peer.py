"""What remembering costs in Python: the peers of Ireneo's benchmarks.

  peer.py PEER DIRECTORY FILE [--filter REGEX] [--calls N] [--max-bytes N]
                              [--records N]
  peer.py --list

Measures the same calls as Ireneo's benchmarks with one peer, in DIRECTORY,
which must exist, and writes to FILE what is measured, as Google Benchmark
would. REGEX selects by the names of ours, What or What/SIZE. One run is one
repetition, and one process one peer, so that peers do not disturb each other.
"""

import argparse
import importlib
import importlib.metadata
import os
import platform
import warnings

import caches
import report


def can_be_had(peer):
  try:
    for module in ("numpy", *peer.MODULES):
      importlib.import_module(module)
  except ImportError:
    return False
  return True


def version_of(peer):
  try:
    return importlib.metadata.version(peer.MODULES[0])
  except importlib.metadata.PackageNotFoundError:
    return "unknown"


class ListPeers(argparse.Action):
  def __call__(self, parser, *_):
    for name, peer in caches.PEERS.items():
      if can_be_had(peer):
        print(name)
    parser.exit()


def parse_arguments():
  parser = argparse.ArgumentParser(description="Measures a peer of Ireneo.")
  parser.add_argument("peer", choices=caches.PEERS)
  parser.add_argument("directory", help="where results are stored")
  parser.add_argument("file", help="where the measured times go, as JSON")
  parser.add_argument("--filter", default=".", metavar="REGEX",
                      help="only what matches: MatrixMiss/8192")
  parser.add_argument("--calls", type=int, default=2_000, metavar="N")
  parser.add_argument("--max-bytes", type=int, default=512 << 20, metavar="N",
                      help="of a matrix")
  parser.add_argument("--records", type=int, default=100_000, metavar="N",
                      help="of a store, at most")
  parser.add_argument("--list", action=ListPeers, nargs=0,
                      help="print the peers that can be had, and exit")
  return parser.parse_args()


def main():
  options = parse_arguments()
  # Imports numpy, which a Python that is only asked for its peers may lack.
  import rows  # pylint: disable=import-outside-toplevel
  peer = caches.PEERS[options.peer]
  directory = os.path.abspath(options.directory)
  file = os.path.abspath(options.file)
  # joblib hashes arguments once more to write them down, and finds it slow.
  warnings.filterwarnings("ignore", "Persisting input arguments")
  results = report.Report(peer.LABEL, options.filter)
  for measure in rows.MEASURES[options.peer]:
    # What others have written is not to be waited for in here.
    os.sync()
    measure(peer, directory, results, options)
  results.write(file, {"peer": peer.LABEL, "version": version_of(peer),
                       "python": platform.python_version()})


if __name__ == "__main__":
  main()
