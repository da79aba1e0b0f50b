"""What Ireneo and caches for Python do when something goes wrong.

Runs each scenario of scenarios.py with each cache, in DIRECTORY, which must
exist, and writes to FILE what was seen, as JSON:

  {"caches": [NAME...],
   "scenarios": [{"name": ..., "what": ...,
                  "outcomes": {NAME: {"verdict": ..., "text": ...}...}}...]}

OUR_PROBE_DIR has the programs that Bazel makes of //benchmarks/behaviour.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile

# Leaves nothing beside these files, nor beside those that are edited.
sys.dont_write_bytecode = True

import caches  # pylint: disable=wrong-import-position
import scenarios  # pylint: disable=wrong-import-position


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument("our_probe_dir")
  parser.add_argument("directory")
  parser.add_argument("file")
  parser.add_argument("--filter", default=".", metavar="REGEX",
                      help="only scenarios whose names match")
  names = (caches.Ireneo.name, *caches.PEERS)
  parser.add_argument("--caches", nargs="+", choices=names, default=names,
                      metavar="NAME", help="only these: " + ", ".join(names))
  options = parser.parse_args()
  if not os.path.exists(os.path.join(options.our_probe_dir, "probe")):
    parser.error(f"no probe in {options.our_probe_dir}: bazel build"
                 " --config=opt //benchmarks/behaviour/...")

  chosen = [caches.Ireneo(options.our_probe_dir)
            if name == caches.Ireneo.name else caches.Peer(name)
            for name in options.caches]
  seen = []
  for name, what, scenario in scenarios.SCENARIOS:
    if not re.search(options.filter, name):
      continue
    outcomes = {}
    for cache in chosen:
      place = tempfile.mkdtemp(dir=options.directory)
      try:
        verdict, text = scenario(cache, os.path.join(place, "store"))
      finally:
        shutil.rmtree(place)
      outcomes[cache.name] = {"verdict": verdict, "text": text}
    seen.append({"name": name, "what": what, "outcomes": outcomes})
  with open(options.file, "w", encoding="utf-8") as file:
    json.dump({"caches": list(options.caches), "scenarios": seen}, file,
              indent=1)


if __name__ == "__main__":
  main()
