"""ireneo stats"""

import os

import cli_testing


class StatsTest(cli_testing.CliTest):

    def test_json(self):
        stats = self.ireneo("stats", "--json").json
        self.assertEqual(
            list(stats), ["functions", "calls", "hits", "blobs", "bytes",
                          "deduplicated_bytes", "stored_bytes", "disk_bytes",
                          "computed_seconds", "saved_seconds", "spent_seconds", "conflicts",
                          "pins", "quarantined_files", "quarantined_bytes",
                          "nondeterministic", "costly_functions"])
        functions = self.ireneo("functions", "--json").json
        self.assertEqual(stats["functions"], len(functions))
        for name in ("calls", "hits"):
            self.assertEqual(stats[name], sum(f[name] for f in functions))
        for name in ("computed_seconds", "saved_seconds", "spent_seconds"):
            self.assertAlmostEqual(stats[name],
                                   sum(f[name] for f in functions))
        # sample.Ones and sample.AlsoOnes share a result of 1000 doubles.
        self.assertGreater(stats["deduplicated_bytes"], 8000)
        self.assertGreater(stats["bytes"], 400 * 400 * 8)
        self.assertEqual(stats["stored_bytes"], stats["bytes"])
        self.assertGreater(stats["spent_seconds"], 0)
        self.assertEqual(stats["conflicts"], 0)
        self.assertEqual(stats["nondeterministic"], [])
        self.assertEqual(stats["costly_functions"],
                         [f["name"] for f in functions
                          if f["costs_more_than_computing"]])

    def test_text(self):
        lines = self.ireneo("stats").text.splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["functions", "calls", "hits", "blobs", "bytes",
                          "deduplicated", "disk", "computing", "saved", "spent",
                          "remark"])
        self.assertRegex(lines[4], r"^bytes +\d\.\d\d MiB$")
        self.assertRegex(lines[6], r"^disk +\d\S* \S+ used by blobs and index$")
        self.assertRegex(lines[9], r"^spent +\d\S* \S?s on remembering$")
        self.assertIn("remembering costs more than computing: ", lines[10])

    def test_empty_store(self):
        path = os.path.join(self.folder, "empty")
        self.make_store("empty", path)
        stats = self.ireneo("stats", "--json", store=path).json
        for name in ("nondeterministic", "costly_functions"):
            self.assertEqual(stats.pop(name), [])
        # A database has pages before it has rows; a folder of records none.
        disk = stats.pop("disk_bytes")
        if os.environ.get("IRENEO_TEST_INDEX") == "directory":
            self.assertEqual(disk, 0)
        else:
            self.assertGreater(disk, 0)
            self.assertLess(disk, 200_000)
        self.assertEqual(set(stats.values()), {0})
        self.assertNotIn("remark", self.ireneo("stats", store=path).text)

    def test_calls_with_different_results(self):
        path = os.path.join(self.folder, "dice")
        *keys, coin = self.make_store("dice", path)
        stats = self.ireneo("stats", "--json", store=path).json
        self.assertEqual(stats["conflicts"], 3)
        self.assertEqual(stats["nondeterministic"],
                         [{"function": "sample.Coin", "keys": [coin]},
                          {"function": "sample.Dice", "keys": keys[::-1]}])
        text = self.ireneo("stats", store=path).text
        self.assertRegex(text, r"(?m)^conflicts +3 calls had different results")
        self.assertRegex(
            text, r"(?m)^remark +2 calls of sample.Dice had different results: "
            rf"see ireneo show {keys[1][5:17]}, {keys[0][5:17]}; .*Seeded")


if __name__ == "__main__":
    cli_testing.main()
