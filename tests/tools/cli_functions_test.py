"""ireneo functions"""

import os

import cli_testing


class FunctionsTest(cli_testing.CliTest):

    def test_json(self):
        functions = {f["name"]: f
                     for f in self.ireneo("functions", "--json").json}
        self.assertEqual(list(functions), sorted(functions))
        square = functions["sample.Square"]
        self.assertEqual(
            list(square), ["name", "versions", "calls", "hits",
                           "computed_seconds", "saved_seconds",
                           "spent_seconds", "bytes", "conflicts",
                           "costs_more_than_computing"])
        self.assertEqual(square["versions"], ["1"])
        self.assertEqual(square["calls"], 3)
        self.assertEqual(square["hits"], 2)
        self.assertEqual(square["bytes"], 24)
        self.assertGreater(square["saved_seconds"], 0)
        self.assertEqual(functions["sample.Versioned"]["versions"], ["1", "2"])
        self.assertGreater(functions["sample.Slow"]["computed_seconds"], 0.019)
        self.assertLess(functions["sample.Slow"]["computed_seconds"], 5)
        self.assertEqual(functions["sample.Slow"]["saved_seconds"], 0)
        self.assertGreater(square["spent_seconds"], 0)
        self.assertEqual(square["conflicts"], 0)
        for function in functions.values():
            self.assertIs(
                function["costs_more_than_computing"],
                function["spent_seconds"] * function["calls"]
                > function["computed_seconds"]
                * (function["calls"] + function["hits"]))
        self.assertIn("sample.Evil\x1b[2J\n", functions)

    def test_text(self):
        table, _ = self.ireneo("functions").text.split("\n\n")
        lines = table.splitlines()
        self.assertEqual(lines[0].split(), ["function", "versions", "calls",
                                            "hits", "compute", "saved",
                                            "spent", "bytes"])
        square = next(l for l in lines if l.startswith("sample.Square "))
        self.assertEqual(square.split()[1:4], ["1", "3", "2"])
        self.assertTrue(square.endswith("  24 B"))
        # Numbers end in the same column.
        self.assertEqual(len({len(line) for line in lines}), 1)
        versioned = next(l for l in lines if l.startswith("sample.Versioned "))
        self.assertIn("1, 2", versioned)

    def test_remarks(self):
        costly = [f["name"].encode("unicode_escape").decode()
                  for f in self.ireneo("functions", "--json").json
                  if f["costs_more_than_computing"]]
        self.assertGreater(len(costly), 8)  # Of functions that add numbers.
        _, remarks = self.ireneo("functions").text.split("\n\n")
        self.assertTrue(remarks.startswith(
            "remark  remembering costs more than computing: "
            f"{', '.join(costly[:8])} and {len(costly) - 8} more; raise "
            "min_compute_time, "), remarks)
        self.assertNotIn("different results", remarks)

    def test_calls_with_different_results(self):
        path = os.path.join(self.folder, "dice")
        keys = self.make_store("dice", path)
        coin, dice, slow = self.ireneo("functions", "--json", store=path).json
        self.assertEqual([f["conflicts"] for f in (coin, dice, slow)],
                         [1, 2, 0])
        text = self.ireneo("functions", store=path,
                           env={"COLUMNS": "70"}).text
        self.assertLessEqual(max(map(len, text.splitlines())), 70)
        text = " ".join(text.split())
        self.assertIn("remark 1 call of sample.Coin had different results: "
                      f"see ireneo show {keys[2][5:17]};", text)
        self.assertIn("remark 2 calls of sample.Dice had different results: "
                      "see ireneo show", text)
        for key in keys:
            self.assertIn(key[5:17], text)
        self.assertIn("Seeded", text)

    def test_control_characters_are_escaped(self):
        done = self.ireneo("functions")
        self.assertIn(r"sample.Evil\x1b[2J\n", done.text)
        self.assertIn(r"\x1b[0m", done.text)
        self.assert_printable(done.stdout)

    def test_fits_a_narrow_terminal(self):
        text = self.ireneo("functions", env={"COLUMNS": "70"}).text
        self.assertLessEqual(max(map(len, text.splitlines())), 70)
        self.assertIn("\u2026", text)

    def test_empty_store(self):
        path = os.path.join(self.folder, "empty")
        self.make_store("empty", path)
        self.assertEqual(self.ireneo("functions", store=path).text,
                         "no calls are remembered\n")
        self.assertEqual(self.ireneo("functions", "--json", store=path).json,
                         [])


if __name__ == "__main__":
    cli_testing.main()
