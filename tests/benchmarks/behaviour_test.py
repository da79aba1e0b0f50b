"""In each scenario of benchmarks/behaviour, Ireneo does what it promises.

  behaviour_test.py BEHAVIOUR_DIR DIRECTORY

BEHAVIOUR_DIR has the scripts and the programs.
"""

import json
import os
import subprocess
import sys
import unittest

# All others are right.
VERDICTS = {"a closure whose state changes": "refused"}

# What it takes besides the verdict.
TEXTS = {
    "identical calls at once":
        "computed 1 time by 8 processes; computed 1 time by 8 threads",
    "a flipped bit": "right value, computed anew",
    "a full disk": "then: right value, computed anew, and the observer told;"
                   " later: right value, computed anew",
    "an edited helper":
        "with cc_source_version: right value, computed anew; with a version by"
        " hand that stays the same: stale: 42, and not 44",
}


class BehaviourTest(unittest.TestCase):

  @classmethod
  def setUpClass(cls):
    path = os.path.join(DIRECTORY, "behaviour.json")
    subprocess.run(
        ["/usr/bin/python3", os.path.join(BEHAVIOUR, "behaviour.py"), BEHAVIOUR,
         DIRECTORY, path, "--caches", "Ireneo"], check=True)
    with open(path, encoding="utf-8") as file:
      cls.outcomes = {scenario["name"]: scenario["outcomes"]["Ireneo"]
                      for scenario in json.load(file)["scenarios"]}

  def test_has_the_scenarios_named_here(self):
    self.assertGreaterEqual(len(self.outcomes), 16)
    self.assertLessEqual(VERDICTS.keys() | TEXTS.keys(), self.outcomes.keys())

  def test_verdicts(self):
    for name, outcome in self.outcomes.items():
      with self.subTest(name):
        self.assertEqual(outcome["verdict"], VERDICTS.get(name, "right"),
                         outcome["text"])

  def test_texts(self):
    for name, text in TEXTS.items():
      with self.subTest(name):
        self.assertEqual(self.outcomes[name]["text"], text)

  def test_the_compiler_says_why_it_refuses_a_closure(self):
    self.assertIn("this callable has state",
                  self.outcomes["a closure whose state changes"]["text"])


if __name__ == "__main__":
  BEHAVIOUR, DIRECTORY = sys.argv[1:]
  unittest.main(argv=sys.argv[:1])
