"""ireneo stats"""

import os

import cli_testing


class StatsTest(cli_testing.CliTest):

    def test_json(self):
        stats = self.ireneo("stats", "--json").json
        self.assertEqual(
            list(stats), ["functions", "calls", "hits", "blobs", "bytes",
                          "deduplicated_bytes", "computed_seconds",
                          "saved_seconds"])
        functions = self.ireneo("functions", "--json").json
        self.assertEqual(stats["functions"], len(functions))
        for name in ("calls", "hits"):
            self.assertEqual(stats[name], sum(f[name] for f in functions))
        for name in ("computed_seconds", "saved_seconds"):
            self.assertAlmostEqual(stats[name],
                                   sum(f[name] for f in functions))
        # sample.Ones and sample.AlsoOnes share a result of 1000 doubles.
        self.assertGreater(stats["deduplicated_bytes"], 8000)
        self.assertGreater(stats["bytes"], 400 * 400 * 8)

    def test_text(self):
        lines = self.ireneo("stats").text.splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["functions", "calls", "hits", "blobs", "bytes",
                          "deduplicated", "computing", "saved"])
        self.assertRegex(lines[4], r"^bytes +\d\.\d\d MiB$")

    def test_empty_store(self):
        path = os.path.join(self.folder, "empty")
        self.make_store("empty", path)
        stats = self.ireneo("stats", "--json", store=path).json
        self.assertEqual(set(stats.values()), {0})


if __name__ == "__main__":
    cli_testing.main()
