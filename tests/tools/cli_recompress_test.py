"""ireneo recompress"""

import os

import cli_testing


def suffixes(store):
    return sorted(os.path.splitext(name)[1] for _, _, names in
                  os.walk(os.path.join(store, "blobs")) for name in names)


class RecompressTest(cli_testing.CliTest):

    def setUp(self):
        self.store = self.copy_of_sample()

    def recompress(self, *arguments, **options):
        return self.ireneo("recompress", *arguments, store=self.store,
                           **options)

    def stats(self):
        return self.ireneo("stats", "--json", store=self.store).json

    def test_small_and_back(self):
        [*_, call] = self.calls("sample.Counting", store=self.store)
        before = self.stats()
        payload = self.ireneo("cat", call["key"], store=self.store).stdout
        report = self.recompress("--codec", "small", "--json").json
        self.assertEqual(
            list(report), ["blobs", "changed", "bytes_before", "bytes_after",
                           "complete", "failed", "skipped"])
        self.assertTrue(report["complete"])
        self.assertGreater(report["changed"], 0)
        self.assertLess(report["bytes_after"], report["bytes_before"] // 2)
        self.assertIn(".blosc", suffixes(self.store))
        after = self.stats()
        self.assertEqual(after["bytes"], before["bytes"])
        self.assertEqual(before["stored_bytes"] - after["stored_bytes"],
                         report["bytes_before"] - report["bytes_after"])
        self.assertRegex(self.ireneo("stats", store=self.store).text,
                         r"(?m)^compressed +\S+ \w+ saved by compressing$")
        self.assertEqual(
            self.ireneo("cat", call["key"], store=self.store).stdout, payload)
        self.ireneo("verify", store=self.store)
        self.recompress("--codec", "none")
        self.assertEqual(set(suffixes(self.store)), {""})
        self.assertEqual(self.stats()["stored_bytes"], before["bytes"])
        self.assertNotIn("compressed",
                         self.ireneo("stats", store=self.store).text)

    def test_functions(self):
        report = self.recompress("sample.Ones", "sample.Mean", "--codec",
                                 "zlib:6", "--json").json
        self.assertEqual((report["blobs"], report["changed"]), (2, 2))
        self.assertEqual(suffixes(self.store).count(".gz"), 2)
        self.assert_error(self.recompress("sample.None", status=1),
                          "sample.None", "ireneo functions")

    def test_text(self):
        lines = self.recompress("--codec", "zstd:3").text.splitlines()
        self.assertRegex(lines[0], r"^files +\d+$")
        self.assertRegex(lines[1], r"^changed +\d+$")
        self.assertRegex(lines[2], r"^bytes +.* before, .* after$")
        self.assertEqual(len(lines), 3)

    def test_by_default_arrays_stay_raw(self):
        self.assertEqual(self.recompress("--json").json["changed"], 0)

    def test_wrong_codec(self):
        self.assert_error(self.recompress("--codec", "lzma", status=2),
                          "lzma", "zstd")

    def test_damage_is_told(self):
        [*_, call] = self.calls("sample.Counting", store=self.store)
        cli_testing.flip_byte(
            cli_testing.blob_file(self.store, call["result"]["digest"]), 1000)
        done = self.recompress("--codec", "small", status=1)
        self.assert_error(done, call["result"]["digest"], "damaged")
        self.assertRegex(done.text, r"(?m)^failed +1$")


if __name__ == "__main__":
    cli_testing.main()
