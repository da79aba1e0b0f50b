"""ireneo explain"""

import os
import sys

import cli_testing
from cli_testing import blob_file, flip_byte

PLUGIN = os.path.abspath(sys.argv[3])
OLD = "src:ab12cd34ef56ab12cd34ef56ab12cd34"
NEW = "src:cd34ef56ab12cd34ef56ab12cd34ef56"


class ExplainTest(cli_testing.CliTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = os.path.join(cls.folder, "versions")
        (cls.first, cls.tolerance, cls.mesh, cls.vector, cls.seeded,
         cls.version, cls.callees, cls.salts, cls.environment, cls.unkept,
         cls.alone) = cls.make_store("versions", cls.store)

    def explain(self, *keys, store=None, **options):
        return self.ireneo("explain", *keys, store=store or self.store,
                           **options)

    def lines(self, *keys, **options):
        """The differences, as text, below what is compared."""
        head, _, differences = self.explain(*keys, **options).text.partition(
            "\n\n")
        self.assertEqual([line.split()[0] for line in head.splitlines()],
                         ["before", "now"])
        return differences.splitlines()

    def test_each_part_with_both_values(self):
        for key, expected in (
                (self.tolerance, ["argument `tolerance`: 1e-6 before, 1e-8 now"]),
                (self.seeded, ["seed: none before, 18446744073709551615 now"]),
                (self.version, [f"version: {OLD} before, {NEW} now"]),
                (self.callees, ["callee 1: 1 before, 2 now",
                                "callee 2: none before, 3 now"]),
                (self.salts, ["salt `blas`: openblas-0.3.21 before, none now",
                              r"salt `libm`: none before, \x1b[31m2.36 now"])):
            self.assertEqual(self.lines(self.first, key), expected)

    def test_the_first_key_is_before(self):
        self.assertEqual(self.lines(self.version, self.first),
                         [f"version: {NEW} before, {OLD} now"])
        head = self.explain(self.version, self.first).text.splitlines()[:2]
        self.assertTrue(head[0].startswith(
            f"before  {self.version} of sample.Solve, 2"))
        self.assertTrue(head[1].startswith(
            f"now     {self.first} of sample.Solve, 2"))

    def test_the_environment(self):
        lines = self.lines(self.first, self.environment)
        self.assertIn("environment `simd`: none before, avx2 now", lines)
        self.assertTrue(any(line.startswith("environment `cpu`: none before, ")
                            for line in lines))

    def test_arrays_and_what_was_not_kept(self):
        [line] = self.lines(self.first, self.vector)
        self.assertEqual(line, "argument `a`: [1, 1, 1, 1, \u2026, 1, 1, 1, 1] "
                         "before, [2, 2, 2, 2, \u2026, 2, 2, 2, 2] now")
        [line] = self.lines(self.first, self.unkept)
        self.assertRegex(line, r"^argument `tolerance`: 1e-6 before, f64 "
                         r"xxh3:[0-9a-f]{32} \(not kept\) now$")

    def test_plugins_show_values_of_their_types(self):
        [line] = self.lines(self.first, self.mesh)
        self.assertRegex(line, r"^argument `mesh`: sample.Mesh/1 xxh3:[0-9a-f]+"
                         r" before, sample.Mesh/1 xxh3:[0-9a-f]+ now$")
        [line] = self.lines("--plugin", PLUGIN, self.first, self.mesh)
        self.assertEqual(line, 'argument `mesh`: {"mesh": "triangle"} before, '
                         '{"mesh": "square"} now')

    def test_lines_are_not_cut(self):
        text = self.explain(self.first, self.version,
                            env={"COLUMNS": "40"}).text
        self.assertIn(f"version: {OLD} before, {NEW} now\n", text)

    def test_one_key_is_compared_with_the_nearest(self):
        # All others differ from it in a part more, or are older.
        self.assertEqual(
            self.lines(self.unkept)[0][:38],
            "argument `tolerance`: 1e-8 before, f64")
        done = self.explain(self.version, "--json").json
        self.assertEqual(done["now"]["key"], self.version)
        self.assertEqual(done["before"]["function"], "sample.Solve")
        self.assertEqual([d["part"] for d in done["differences"]], ["version"])

    def test_prefixes(self):
        self.assertEqual(
            self.explain(self.first[5:17], self.version[5:17]).stdout,
            self.explain(self.first, self.version).stdout)

    def test_json(self):
        done = self.explain(self.first, self.salts, "--json")
        self.assert_printable(done.stdout)
        self.assertEqual(list(done.json), ["before", "now", "differences"])
        before = done.json["before"]
        self.assertEqual(list(before),
                         ["key", "function", "version", "created_at"])
        self.assertEqual((before["key"], before["version"]), (self.first, OLD))
        self.assertEqual(done.json["now"]["key"], self.salts)
        self.assertEqual(done.json["differences"], [
            {"part": "salt `blas`", "before": "openblas-0.3.21", "now": "none"},
            {"part": "salt `libm`", "before": "none",
             "now": "\x1b[31m2.36"}])

    def test_no_other_call(self):
        self.assertEqual(
            self.explain(self.alone).text,
            "no other call of sample.Alone is remembered: there is nothing to "
            f"compare {self.alone} with\n")
        done = self.explain(self.alone, "--json").json
        self.assertIsNone(done["before"])
        self.assertEqual(done["now"]["key"], self.alone)
        self.assertEqual(done["differences"], [])

    def test_the_same_call_twice(self):
        self.assertEqual(
            self.explain(self.first, self.first[5:15]).text,
            f"both are call {self.first} of sample.Solve: nothing differs\n")
        done = self.explain(self.first, self.first, "--json").json
        self.assertEqual(done["before"], done["now"])
        self.assertEqual(done["differences"], [])

    def test_calls_of_different_functions(self):
        lines = self.lines(self.first, self.alone)
        self.assertIn("different functions", lines[0])
        self.assertEqual(lines[1],
                         "function: sample.Solve before, sample.Alone now")
        self.assertIn("number of arguments: 3 before, 1 now", lines)
        done = self.explain(self.first, self.alone, "--json").json
        self.assertEqual(done["differences"][0]["part"], "function")

    def test_what_is_no_call(self):
        digest = self.calls("sample.Alone", store=self.store)[0]["result"][
            "digest"]
        self.assert_error(self.explain(digest, status=1), digest,
                          "not the key of a call", "ireneo show")
        self.assert_error(self.explain(self.first, "0" * 32, status=1),
                          "no call or blob", "ireneo calls")

    def test_a_prefix_that_a_blob_shares_names_the_call(self):
        path = os.path.join(self.folder, "crowd")
        self.make_store("crowd", path)
        calls = self.ireneo("calls", "--json", store=path).json
        keys = [c["key"][5:9] for c in calls]
        results = {c["result"]["digest"][5:9] for c in calls}
        once = [k for k in keys if keys.count(k) == 1 and k in results]
        self.assertTrue(once, "make_store crowd is too small")
        self.explain(once[0], store=path)
        twice = [k for k in keys if keys.count(k) > 1]
        self.assert_error(self.explain(twice[0], store=path, status=1),
                          "ambiguous", "more digits")

    def test_damage(self):
        path = self.copy_of_sample()
        call, other = self.calls("sample.Mean")
        digest = call["arguments"][0]["digest"]
        flip_byte(blob_file(path, digest), 5000)
        done = self.explain(call["key"], other["key"], store=path, status=1)
        self.assertIn(f"vector<f64> {digest} (gone) before", done.text)
        self.assert_error(done, "argument #1 of call " + call["key"][5:17],
                          digest, "damaged")


if __name__ == "__main__":
    cli_testing.main()
