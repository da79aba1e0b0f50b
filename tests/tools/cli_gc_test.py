"""ireneo gc"""

import fcntl
import os
import struct
import time

import cli_testing


def age_blobs(store):
    """As if all blobs had been put two hours ago."""
    cli_testing.execute(store,
                        "UPDATE blobs SET created = created - 7200000000")


def files(store):
    return sum(len(names) for _, _, names in
               os.walk(os.path.join(store, "blobs")))


class GcTest(cli_testing.CliTest):

    def setUp(self):
        self.store = self.copy_of_sample()

    def gc(self, *arguments, **options):
        return self.ireneo("gc", *arguments, store=self.store, **options)

    def stats(self):
        return self.ireneo("stats", "--json", store=self.store).json

    def test_without_options_only_garbage_goes(self):
        before = self.stats()
        # The blobs that were put are new.
        self.assertEqual(self.gc("--json").json["blobs"], 0)
        age_blobs(self.store)
        report = self.gc("--json").json
        self.assertEqual(
            list(report),
            ["dry_run", "calls", "blobs", "bytes", "disk_bytes_before",
             "disk_bytes_after", "limit_reached", "spared",
         "waiting", "waiting_disk_bytes", "left_over_files",
             "left_over_bytes", "quarantine_bytes", "functions"])
        self.assertEqual(report["blobs"], len(self.loose_blobs))
        self.assertEqual(report["calls"], 0)
        self.assertEqual(report["functions"], [])
        after = self.stats()
        self.assertEqual(after["calls"], before["calls"])
        self.assertEqual(after["blobs"],
                         before["blobs"] - len(self.loose_blobs))
        for digest in self.loose_blobs:
            self.ireneo("cat", digest, store=self.store, status=1)

    def test_grace(self):
        report = self.gc("--grace", "0s", "--json").json
        self.assertEqual(report["blobs"], len(self.loose_blobs))

    def test_a_dry_run_is_what_goes(self):
        self.gc()
        for arguments in (("--max-size", "300K", "--order", "cost"),
                          ("--function", "sample.S", "--max-age", "0s"),
                          ("--max-age", "0s")):
            before = self.stats()
            dry = self.gc(*arguments, "--dry-run", "--json").json
            self.assertTrue(dry.pop("dry_run"))
            self.assertEqual(self.stats(), before)
            real = self.gc(*arguments, "--json").json
            self.assertFalse(real.pop("dry_run"))
            for report in dry, real:
                report.pop("disk_bytes_after")
            self.assertEqual(dry, real)
            self.assertGreater(real["calls"], 0)
            self.assertEqual(sum(f["calls"] for f in real["functions"]),
                             real["calls"])
            after = self.stats()
            self.assertEqual(before["calls"] - after["calls"], real["calls"])
            self.assertEqual(before["blobs"] - after["blobs"], real["blobs"])
            self.assertEqual(before["bytes"] - after["bytes"], real["bytes"])
        self.assertEqual(after["calls"], 0)
        self.assertEqual(files(self.store), 0)

    def test_table(self):
        lines = self.gc("--max-age", "0s", "--function", "sample.Square",
                        "--dry-run").text.splitlines()
        self.assertRegex(lines[0], r"^function +would go +kept +bytes$")
        self.assertRegex(lines[1], r"^sample.Square +3 +0 +24 B$")
        self.assertEqual(lines[2], "")
        self.assertRegex(lines[3], r"^would go +3 calls and 0 blobs of 0 B$")
        self.assertRegex(lines[4], r"^disk +\S+ MiB before, about \S+ MiB after$")
        text = self.gc("--max-age", "0s", "--function", "sample.Square").text
        self.assertRegex(text, r"(?m)^gone +3 calls and 0 blobs of 0 B$")
        self.assertEqual(self.calls("sample.Square", store=self.store), [])

    def test_names_are_escaped(self):
        done = self.gc("--max-age", "0s")
        self.assert_printable(done.stdout)

    def test_what_was_used_lately_stays(self):
        self.assertEqual(self.gc("--max-age", "1h", "--json").json["calls"], 0)
        time.sleep(1.1)
        self.assertGreater(self.gc("--max-age", "1s", "--json").json["calls"],
                           0)

    def test_keep_versions(self):
        report = self.gc("--keep-versions", "1", "--json").json
        self.assertEqual([(f["name"], f["calls"], f["kept"])
                          for f in report["functions"]],
                         [("sample.Versioned", 1, 1)])
        [call] = self.calls("sample.Versioned", store=self.store)
        self.assertEqual(call["version"], "2")

    def test_what_is_pinned_stays(self):
        call = self.calls("sample.Counting", store=self.store)[-1]
        self.ireneo("pin", call["key"], "paper", store=self.store)
        self.ireneo("pin", self.loose_blobs[0], "paper", store=self.store)
        self.gc("--max-size", "0", "--grace", "0s")
        stats = self.stats()
        self.assertEqual((stats["calls"], stats["blobs"], stats["pins"]),
                         (1, 2, 2))
        [kept] = self.calls("sample.Counting", store=self.store)
        self.assertEqual(kept["key"], call["key"])

    def test_quarantine_is_told_and_stays(self):
        path = os.path.join(self.store, "quarantine", "0" * 32)
        with open(path, "wb") as file:
            file.write(b"x" * 2048)
        self.assertRegex(self.gc().text, r"(?m)^quarantine +2.00 KiB of ")
        self.assertTrue(os.path.exists(path))
        self.assertRegex(self.ireneo("stats", store=self.store).text,
                         r"(?m)^quarantine +1 damaged file of 2.00 KiB ")

    def test_left_over_files(self):
        path = os.path.join(self.store, "tmp", "1-2-3")
        with open(path, "wb") as file:
            file.write(b"x" * 100)
        # Opening a store removes those that are older than a day already.
        self.assertEqual(self.gc("--json").json["left_over_files"], 0)
        self.assertTrue(os.path.exists(path))

    def test_another_collection(self):
        self.gc()
        with open(os.path.join(self.store, "locks", "gc"), "r+b") as file:
            # F_OFD_SETLK, which Python 3.11 has no name for.
            fcntl.fcntl(file, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0,
                                              0))
            self.assert_error(self.gc(status=1),
                              "another collection is running in " + self.store)
        self.gc()

    def test_wrong_usage(self):
        for arguments, part in (
                (("--max-size", "ten"), "'ten' is no number of bytes"),
                (("--max-size", "-1"), "-1"),
                (("--max-age", "2026-11-23"), "'2026-11-23' is no age"),
                (("--keep-versions", "0"), "--keep-versions"),
                (("--keep-versions", "few"), "few"),
                (("--order", "age"), "age"),
                (("--grace", "x"), "'x' is no age"),
                (("extra",), "extra")):
            self.assert_error(self.gc(*arguments, status=2), part,
                              "ireneo --help")


if __name__ == "__main__":
    cli_testing.main()
