"""ireneo forget"""

import cli_testing


class ForgetTest(cli_testing.CliTest):

    def setUp(self):
        self.store = self.copy_of_sample()

    def forget(self, *arguments, **options):
        return self.ireneo("forget", *arguments, store=self.store, **options)

    def keys(self, function):
        return [call["key"] for call in self.calls(function, store=self.store)]

    def test_one(self):
        first, *others = self.keys("sample.Square")
        self.assertEqual(self.forget(first[5:17]).text, "forgot 1 call\n")
        self.assertEqual(self.keys("sample.Square"), others)
        self.ireneo("show", first, store=self.store, status=1)

    def test_many_once_each(self):
        first, second, third = self.keys("sample.Square")
        done = self.forget(first, second[5:], first, "--json")
        self.assertEqual(done.json, {"forgotten": sorted([first, second])})
        self.assertEqual(self.keys("sample.Square"), [third])

    def test_all_or_none(self):
        keys = self.keys("sample.Square")
        self.assert_error(self.forget(keys[0], "0123456789", status=1),
                          "no call or blob starts with '0123456789'")
        self.assert_error(self.forget(keys[0], self.loose_blobs[0], status=1),
                          "is a value and not the key of a call")
        self.assertEqual(self.keys("sample.Square"), keys)

    def test_what_is_pinned_is_not_forgotten(self):
        first, second, _ = self.keys("sample.Square")
        result = self.calls("sample.Square", store=self.store)[1]["result"]
        self.ireneo("pin", first, "paper", store=self.store)
        self.ireneo("pin", result["digest"], "figure", store=self.store)
        self.assert_error(self.forget(first, status=1), first,
                          "sample.Square", "pinned as paper", "unpin")
        self.assert_error(self.forget(second, status=1), "pinned as figure")
        self.ireneo("unpin", "paper", store=self.store)
        self.forget(first)

    def test_results_go_with_the_next_collection(self):
        [key] = self.keys("sample.Counting")[-1:]
        blobs = self.ireneo("stats", "--json", store=self.store).json["blobs"]
        self.forget(key)
        stats = self.ireneo("stats", "--json", store=self.store).json
        self.assertEqual(stats["blobs"], blobs)
        report = self.ireneo("gc", "--grace", "0s", "--json",
                             store=self.store).json
        self.assertEqual(report["blobs"], 1 + len(self.loose_blobs))

    def test_wrong_usage(self):
        for arguments, part in (((), "KEY"), (("abc",), "too short"),
                                (("abcd", "wxyz"), "wxyz")):
            self.assert_error(self.forget(*arguments, status=2), part,
                              "ireneo --help")


if __name__ == "__main__":
    cli_testing.main()
