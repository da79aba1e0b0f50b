"""ireneo pin and ireneo unpin"""

import cli_testing


class PinTest(cli_testing.CliTest):

    def setUp(self):
        self.store = self.copy_of_sample()
        self.call = self.calls("sample.Greet", store=self.store)[0]

    def run_in_copy(self, *arguments, **options):
        return self.ireneo(*arguments, store=self.store, **options)

    def pins(self):
        return [(pin["name"], pin["digest"], pin["what"])
                for pin in self.run_in_copy("--json", "pin").json]

    def test_a_call_by_its_first_digits(self):
        key = self.call["key"]
        done = self.run_in_copy("pin", key[5:17])
        self.assertEqual(done.text,
                         f"pinned call of sample.Greet {key} as pin\n")
        self.assertEqual(self.pins(),
                         [("pin", key, "call of sample.Greet")])

    def test_a_blob_under_a_name(self):
        blob = self.loose_blobs[0]
        done = self.run_in_copy("--json", "pin", blob, "paper 2026")
        self.assertEqual(done.json, {"name": "paper 2026", "digest": blob})
        self.assertEqual(self.pins(), [("paper 2026", blob, "blob")])

    def test_list(self):
        self.assertEqual(self.run_in_copy("pin").text, "nothing is pinned\n")
        self.run_in_copy("pin", self.call["key"], "b\x1b[31m")
        self.run_in_copy("pin", self.loose_blobs[0], "a")
        done = self.run_in_copy("pin")
        self.assert_printable(done.stdout)
        lines = done.text.splitlines()
        self.assertRegex(lines[0], r"^name +key or digest +what +age$")
        self.assertRegex(lines[1],
                         rf"^a +{self.loose_blobs[0][5:17]} +blob +\d+ s|now$")
        self.assertIn("call of sample.Greet", lines[2])
        self.assertRegex(self.run_in_copy("stats").text, r"(?m)^pins +2, ")

    def test_unpin_a_name(self):
        for name, what in (("a", self.call["key"]),
                           ("a", self.loose_blobs[0]),
                           ("b", self.loose_blobs[0])):
            self.run_in_copy("pin", what, name)
        self.assertEqual(self.run_in_copy("unpin", "a").text,
                         "removed 2 pins\n")
        self.assertEqual(self.pins(), [("b", self.loose_blobs[0], "blob")])
        self.assertEqual(self.run_in_copy("--json", "unpin", "b").json,
                         {"name": "b", "unpinned": 1})

    def test_unpin_one_of_a_name(self):
        for blob in self.loose_blobs:
            self.run_in_copy("pin", blob, "a")
        self.run_in_copy("unpin", "a", self.loose_blobs[0][:12].upper())
        self.assertEqual(self.pins(), [("a", self.loose_blobs[1], "blob")])

    def test_what_a_pin_keeps_may_be_gone(self):
        self.run_in_copy("pin", self.loose_blobs[0], "a")
        cli_testing.execute(
            self.store, "DELETE FROM blobs WHERE digest = ?",
            bytes.fromhex(self.loose_blobs[0][5:]))
        self.assertEqual(self.pins(), [("a", self.loose_blobs[0], "gone")])
        self.run_in_copy("unpin", "a", self.loose_blobs[0])
        self.assertEqual(self.pins(), [])

    def test_errors(self):
        self.assert_error(self.run_in_copy("pin", "0123456789", status=1),
                          "no call or blob starts with '0123456789'")
        self.assert_error(self.run_in_copy("unpin", "nobody", status=1),
                          "nothing is pinned as nobody: ireneo pin lists")
        self.run_in_copy("pin", self.loose_blobs[0], "a")
        self.assert_error(
            self.run_in_copy("unpin", "a", self.call["key"], status=1),
            "nothing that starts so is pinned as a")

    def test_wrong_usage(self):
        for arguments, part in ((("pin", "abc"), "too short"),
                                (("pin", "wxyz"), "wxyz"),
                                (("pin", "abcd", ""), "empty"),
                                (("pin", "abcd", "a", "b"), "b"),
                                (("unpin",), "NAME"),
                                (("unpin", "a", "xyz"), "xyz")):
            self.assert_error(self.run_in_copy(*arguments, status=2), part,
                              "ireneo --help")


if __name__ == "__main__":
    cli_testing.main()
