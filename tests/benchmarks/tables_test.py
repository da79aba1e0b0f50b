"""What benchmarks/page.py and compare.py make of values that are known."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.abspath("benchmarks"))

import compare
import page
import rows
import run


def row(what, peer, values, size=()):
  return {"what": what, "peer": peer, "size": list(size), "unit": "s",
          "values": values}


def results_of(*measured):
  with tempfile.TemporaryDirectory() as directory:
    path = pathlib.Path(directory) / "part.json"
    path.write_text(json.dumps({"rows": measured}), encoding="utf-8")
    return page.read_results(path.parent)


def table_of(results, title):
  table = next(table for table in rows.TABLES if table.title == title)
  text = page.TableText(table, results)
  errors = io.StringIO()
  with contextlib.redirect_stderr(errors):
    lines = text.lines(results)
  return text.header(), lines, text.notes, errors.getvalue()


class NamesTest(unittest.TestCase):

  def test_split(self):
    self.assertEqual(run.split("Miss/iterations:1/manual_time"),
                     ("Miss", "", ()))
    self.assertEqual(run.split("HashBlock/XXH3 in one piece/8/64"),
                     ("HashBlock", "XXH3 in one piece", (8, 64)))

  def test_ours_only(self):
    for name in ("Miss/iterations:1/manual_time", "HashBlock/1024/64"):
      self.assertRegex(name, run.OURS_ONLY)
    for name in ("Miss/SQLite/iterations:1/manual_time", "Get/XXH3/8"):
      self.assertNotRegex(name, run.OURS_ONLY)

  def test_each_row_is_in_one_table(self):
    names = [entry.what for table in rows.TABLES for entry in table.rows]
    self.assertEqual(len(names), len(set(names)))

  def test_reasons_are_of_rows(self):
    names = {entry.what for table in rows.TABLES for entry in table.rows}
    for key in rows.REASONS:
      self.assertIn(key if isinstance(key, str) else key[0], names)


class TablesTest(unittest.TestCase):
  TITLE = "Calls of the smallest function"

  def test_median_spread_and_ratio(self):
    header, lines, notes, _ = table_of(
        results_of(row("Miss", "", [1e-5, 2e-5, 3e-5, 2e-5, 2e-5]),
                   row("Miss", "joblib", [2e-4] * 5)), self.TITLE)
    self.assertEqual(header, ["", "Ireneo", "joblib", "target"])
    self.assertEqual(lines, [["miss", "20 µs ±25%", "200 µs · 10×",
                              "≤ 40 µs, ≥ 5× joblib"]])
    self.assertEqual(notes, [])

  def test_who_is_behind_is_marked_with_the_reason(self):
    _, lines, notes, _ = table_of(
        results_of(row("IndexHit", "", [5e-6] * 4),
                   row("IndexHit", "SQLite", [1e-6] * 4)), self.TITLE)
    self.assertIn(page.MARK, lines[0][2])
    self.assertEqual(len(notes), 1)
    self.assertTrue(notes[0].startswith("**hit, index** is far from SQLite. "))

  def test_a_loss_without_a_reason_is_told(self):
    _, _, notes, errors = table_of(
        results_of(row("MemoryHit", "", [5e-6] * 4),
                   row("MemoryHit", "joblib", [1e-6] * 4)), self.TITLE)
    self.assertTrue(any("not known" in note for note in notes))
    self.assertIn("hit, memory is behind joblib", errors)

  def test_noise_is_no_loss(self):
    _, lines, notes, _ = table_of(
        results_of(row("HashMatrix", "", [1.0, 1.1, 0.9, 1.0], [8192]),
                   row("HashMatrix", "joblib", [0.99] * 4, [8192])), "Hashing")
    self.assertNotIn(page.MARK, lines[0][2])
    self.assertEqual(notes, [])

  def test_one_value_is_not_marked(self):
    _, lines, notes, errors = table_of(
        results_of(row("IndexHit", "", [5e-5]),
                   row("IndexHit", "SQLite", [1e-6])), self.TITLE)
    self.assertNotIn(page.MARK, " ".join(lines[0]))
    self.assertIn("≤ 8 µs missed", lines[0])
    self.assertEqual((notes, errors), ([], ""))

  def test_a_missed_target_is_marked(self):
    _, lines, _, _ = table_of(results_of(row("FirstHit", "", [0.006] * 4)),
                              "A fresh process")
    self.assertEqual(lines, [["first hit", "6 ms",
                              "≤ 5 ms missed" + page.MARK]])

  def test_a_target_that_is_missed_by_less_than_the_noise_is_missed(self):
    _, lines, notes, _ = table_of(
        results_of(row("FirstHit", "", [0.004, 0.0052, 0.006])),
        "A fresh process")
    self.assertEqual(lines[0][2], "≤ 5 ms missed" + page.MARK)
    self.assertEqual(len(notes), 1)

  def test_what_a_peer_cannot_do_is_said(self):
    cannot = row("MatrixMiss", "diskcache", [], [512 << 20])
    cannot["error"] = "the key is too large"
    _, lines, notes, _ = table_of(
        results_of(row("MatrixMiss", "", [0.1] * 4, [512 << 20]), cannot),
        "A matrix in, a matrix out: misses")
    self.assertEqual(lines[0][2], "–")
    self.assertEqual(notes,
                     ["miss 512 MB, diskcache: the key is too large."])


class FailuresTest(unittest.TestCase):

  def test_the_rest_is_measured_and_the_failure_told(self):
    with tempfile.TemporaryDirectory() as scratch:
      programs = pathlib.Path(scratch)
      for name, script in (("hashing", "echo a wrong result; exit 1"),
                           ("blobs", """echo '{"benchmarks": [{
                              "run_type": "iteration", "run_name": "Get/8",
                              "real_time": 5, "time_unit": "ns"}]}' \
                                >"${1#--benchmark_out=}" """)):
        program = programs / f"{name}_benchmark"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
      result = subprocess.run(
          ["/usr/bin/python3", "benchmarks/run.py", scratch, programs / "out",
           "--quick", "--part", "hashing", "--part", "blobs", "--dir", scratch],
          stderr=subprocess.PIPE, text=True, check=False)
      self.assertEqual(result.returncode, 1)
      self.assertIn("hashing failed: a wrong result", result.stderr)
      machine = json.loads((programs / "out" / "machine.json").read_text())
      self.assertEqual(machine["failures"], {"hashing": "a wrong result"})
      self.assertEqual(list(page.failure_lines(machine))[0],
                       "**`hashing` failed**, and rows of it may be missing: "
                       "a wrong result")
      results = page.read_results(programs / "out")
      self.assertEqual(results["Get", (8,)][""].values, [5e-9])


class CompareTest(unittest.TestCase):

  def test_ratios_are_taken_round_by_round(self):
    base = row("Miss", "", [1.0, 2.0, 4.0])
    new = row("Miss", "", [2.0, 4.0, 8.0])
    self.assertEqual(compare.ratios(base, new), [2, 2, 2])
    self.assertEqual(compare.noise([2, 2, 2]), 0)

  def test_only_what_exceeds_the_noise_is_a_change(self):
    self.assertEqual(compare.verdict(1.2, 0.05), "slower")
    self.assertEqual(compare.verdict(0.8, 0.05), "faster")
    self.assertEqual(compare.verdict(1.2, 0.15), "")
    self.assertEqual(compare.verdict(1.02, 0.0), "")


if __name__ == "__main__":
  unittest.main()
