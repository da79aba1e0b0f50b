"""The example end to end: remembered runs, larger grids, kills, company.

usage: co2_test.py CO2 IRENEO DIRECTORY
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest

CO2, IRENEO, DIRECTORY = sys.argv[1:4]


class Run:
    """One finished run of the example."""

    def __init__(self, store, grid, svg, *flags):
        self.svg_path = os.path.join(DIRECTORY, svg)
        store_flags = ["--store", store] if store else []
        done = subprocess.run(
            [CO2, "--grid", str(grid), "--output", self.svg_path, *store_flags,
             *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.status, self.stdout, self.stderr = (
            done.returncode, done.stdout, done.stderr)
        self.finish()

    def finish(self):
        match = re.search(
            r"(\d+) evaluations, (\d+) computed, (\d+) remembered",
            self.stdout)
        self.counts = tuple(map(int, match.groups())) if match else None
        if os.path.exists(self.svg_path):
            with open(self.svg_path, "rb") as svg:
                self.svg = svg.read()

    def findings(self):
        """What is printed, less what may differ between equal runs."""
        return [line for line in self.stdout.splitlines()
                if not line.startswith(("sweep:", "time saved:", "wrote "))]


class Co2Test(unittest.TestCase):

    def store(self):
        return os.path.join(DIRECTORY, self.id())

    def assert_good(self, run):
        self.assertEqual(run.status, 0, run.stdout + run.stderr)
        # In a pipe there is no progress line, and nothing went wrong.
        self.assertEqual(run.stderr, "")

    def test_nothing_is_computed_twice(self):
        first = Run(self.store(), 2, "first.svg")
        self.assert_good(first)
        self.assertEqual(first.counts, (8, 8, 0))
        second = Run(self.store(), 2, "second.svg")
        self.assert_good(second)
        self.assertEqual(second.counts, (8, 0, 8))
        self.assertEqual(second.findings(), first.findings())
        self.assertEqual(second.svg, first.svg)
        larger = Run(self.store(), 3, "larger.svg")
        self.assert_good(larger)
        self.assertEqual(larger.counts, (27, 19, 8))

        # What no store had a part in.
        plain = Run(None, 3, "plain.svg", "--no-store")
        self.assert_good(plain)
        self.assertEqual(plain.findings(), larger.findings())
        self.assertEqual(plain.svg, larger.svg)

    def test_killed_at_any_moment_it_keeps_what_was_finished(self):
        expected = Run(None, 2, "expected.svg", "--no-store")
        self.assert_good(expected)
        rng = random.Random(20261123)
        for i in range(12):
            store = f"{self.store()}-{i}"
            svg = os.path.join(DIRECTORY, f"killed-{i}.svg")
            victim = subprocess.Popen(
                [CO2, "--store", store, "--grid", "2", "--output", svg],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # From before the store exists to after the end.
            time.sleep(rng.random() * (0.02 if i % 3 == 0 else 0.5))
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            kept = 0
            if os.path.exists(os.path.join(store, "index.db")):
                listed = subprocess.run(
                    [IRENEO, "--store", store, "--json", "calls",
                     "co2.LogMarginalLikelihood"],
                    stdout=subprocess.PIPE, check=True).stdout
                kept = len(json.loads(listed))
            rerun = Run(store, 2, f"rerun-{i}.svg")
            self.assert_good(rerun)
            self.assertEqual(rerun.counts, (8, 8 - kept, kept))
            self.assertEqual(rerun.findings(), expected.findings())
            self.assertEqual(rerun.svg, expected.svg)

    def test_two_processes_share_a_sweep(self):
        runs = []
        for i in range(2):
            runs.append(subprocess.Popen(
                [CO2, "--store", self.store(), "--grid", "3", "--output",
                 os.path.join(DIRECTORY, f"shared-{i}.svg")],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        outputs = [run.communicate() for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0], outputs)
        self.assertEqual([stderr for _, stderr in outputs], ["", ""])
        expected = Run(self.store(), 3, "after.svg")
        self.assertEqual(expected.counts, (27, 0, 27))
        for i, (stdout, _) in enumerate(outputs):
            for line in expected.findings():
                self.assertIn(line, stdout)
            with open(os.path.join(DIRECTORY, f"shared-{i}.svg"), "rb") as svg:
                self.assertEqual(svg.read(), expected.svg)

    def test_trouble_with_the_store_is_said_once(self):
        os.mkdir(self.store())
        with open(os.path.join(self.store(), "thesis.tex"), "w"):
            pass
        run = Run(self.store(), 1, "foreign.svg")
        self.assertEqual(run.status, 1)
        self.assertRegex(run.stderr, r"\Aco2: .*thesis\.tex.*\n\Z")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
