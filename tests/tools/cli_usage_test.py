"""Options, help, errors and exit statuses that all commands share."""

import os
import re
import subprocess
import tempfile

import cli_testing

COMMANDS = ("functions", "calls", "show", "explain", "graph", "cat", "get", "put",
            "stats", "gc", "forget", "pin", "unpin", "verify", "recompress",
            "export", "import")


class UsageTest(cli_testing.CliTest):

    def test_version(self):
        done = self.ireneo("--version", store="")
        self.assertRegex(done.text, r"^ireneo \d+\.\d+\.\d+\n$")

    def test_help_lists_every_command(self):
        text = self.ireneo("--help", store="").text
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} ")
        self.assertIn("Example: ", text)

    def test_help_of_every_command_has_an_example(self):
        for command in COMMANDS:
            for arguments in ((command, "--help"), (command, "-h")):
                text = self.ireneo(*arguments, store="").text
                self.assertRegex(text, rf"Example: ireneo.* {command}")
                self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_wrong_usage_is_one_line_with_a_hint_and_status_2(self):
        for arguments, part in (
                ((), "which command?"),
                (("remember",), "there is no command 'remember'"),
                (("functions", "extra"), "extra"),
                (("functions", "stats"), "stats"),
                (("--colour", "stats"), "--colour"),
                (("calls", "--limit", "few"), "few"),
                (("calls", "--limit", "-1"), "-1"),
                (("calls", "--sort", "size"), "size"),
                (("calls", "--since", "yesterday"), "yesterday"),
                (("calls", "--since", ""), "''"),
                (("calls", "--csv", "--json"), "--csv excludes --json"),
                (("--json", "calls", "--csv"), "--csv excludes --json"),
                (("explain",), "KEY"),
                (("explain", "abcd", "abcd", "abcd"), "abcd"),
                (("graph", "a", "b"), "b"),
                (("graph", "--csv"), "--csv"),
                (("show",), "KEY-or-DIGEST"),
                (("cat",), "DIGEST"),
                (("get",), "DIGEST"),
                (("get", "abcd", "--as", "pickle"), "'pickle' is none of"),
                (("get", "abcd", "-o", ""), "empty"),
                (("put",), "FILE"),
                (("export",), "FILE"),
                (("export", ""), "the path is empty"),
                (("export", "a", ""), "the name of the function is empty"),
                (("export", "a", "--since", "soon"), "soon"),
                (("export", "a", "--key", "abc"), "too short"),
                (("export", "a", "--as-of", ""), "the path is empty"),
                (("export", "a", "--sign"), "--sign"),
                (("export", "-", "--json"), "--json"),
                (("--json", "export", "-"), "--json"),
                (("import",), "FILE"),
                (("import", ""), "the path is empty"),
                (("import", "-", "a", "-"), "standard input"),
                (("import", "a", "--max-size", "much"), "much"),
                (("import", "a", "--name", ""), "the name is empty"),
                (("import", "a", "--trusted-keys"), "--trusted-keys"),
                (("stats", "--plugin"), "--plugin"),
                (("show", "abcd", "abcd"), "abcd"),
                (("stats", "\x1b[31m\n"), r"\x1b[31m\n")):
            done = self.ireneo(*arguments, status=2)
            self.assert_error(done, part, "ireneo --help")
            self.assertEqual(done.stdout, b"")
            self.assert_printable(done.stderr)

    def test_usage_is_checked_before_the_store_is_opened(self):
        self.ireneo("show", "abc", store="/nowhere", status=2)

    def test_too_few_digits_are_wrong_usage(self):
        for command in ("show", "explain", "cat", "get", "forget", "pin"):
            for text in ("abc", "xxh3:abc", "a", "xxh3:"):
                self.assert_error(self.ireneo(command, text, status=2),
                                  "too short", "4")

    def test_what_are_no_digits_is_wrong_usage(self):
        for command in ("show", "explain", "cat", "get", "forget", "pin"):
            for text in ("wxyz", "0x1234", "f" * 33, "sha256:abcd"):
                self.assert_error(self.ireneo(command, text, status=2), text)

    def test_no_store(self):
        done = self.ireneo("stats", store="", status=1, cwd=self.folder)
        self.assertEqual(done.errors, [
            "ireneo: no store in ./.ireneo: pass --store DIR or set "
            "IRENEO_STORE"])
        path = os.path.join(self.folder, "missing")
        done = self.ireneo("stats", store=path, status=1)
        self.assert_error(done, f"no store in {path}:")
        self.assertFalse(os.path.exists(path))

    def test_a_file_that_is_no_archive_is_no_store(self):
        path = os.path.join(self.folder, "file")
        with open(path, "w", encoding="utf-8") as file:
            file.write("x")
        self.assert_error(self.ireneo("stats", store=path, status=1),
                          f"archive {path}: not a tar file")

    def test_a_foreign_directory_is_no_store_and_stays_as_it_is(self):
        path = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(path, "thesis.tex"), "w",
                  encoding="utf-8") as file:
            file.write("x")
        self.assert_error(self.ireneo("stats", store=path, status=1),
                          f"no store in {path}:")
        self.assertEqual(os.listdir(path), ["thesis.tex"])

    def test_a_store_of_another_format(self):
        path = self.copy_of_sample()
        with open(os.path.join(path, "ireneo.json"), "w",
                  encoding="utf-8") as file:
            file.write('{"format": 99, "digest": "xxh3-128"}')
        self.assert_error(self.ireneo("stats", store=path, status=1), "99",
                          path)

    def test_a_damaged_index(self):
        path = self.copy_of_sample()
        with open(os.path.join(path, "index.db"), "wb") as file:
            file.write(b"not a database" * 1000)
        for name in ("index.db-wal", "index.db-shm"):
            if os.path.exists(os.path.join(path, name)):
                os.remove(os.path.join(path, name))
        # There is no snapshot to go back to.
        done = self.ireneo("--json", "stats", store=path, status=1)
        self.assertEqual(done.json["calls"], 0)
        self.assert_error(done, os.path.join(path, "index.db"),
                          os.path.join(path, "quarantine"), "begins anew")
        self.ireneo("stats", store=path)
        self.assertTrue(any(name.startswith("index-") for name in
                            os.listdir(os.path.join(path, "quarantine"))))

    def test_the_store_may_come_from_the_environment(self):
        expected = self.ireneo("stats").text
        done = self.ireneo("stats", store="",
                           env={"IRENEO_STORE": self.sample})
        self.assertEqual(done.text, expected)

    def test_the_option_goes_before_the_environment(self):
        self.ireneo("stats", env={"IRENEO_STORE": "/nowhere"})

    def test_an_empty_variable_is_none(self):
        done = self.ireneo("stats", store="", status=1, cwd=self.folder,
                           env={"IRENEO_STORE": ""})
        self.assert_error(done, "./.ireneo")

    def test_an_empty_option_is_wrong_usage(self):
        self.assert_error(self.ireneo("--store", "", "stats", store="",
                                      status=2), "empty")

    def test_the_store_in_the_working_directory(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        os.symlink(self.sample, os.path.join(folder, ".ireneo"))
        self.ireneo("stats", store="", cwd=folder)

    def test_options_may_stand_behind_the_command(self):
        before = self.ireneo("--json", "stats").json
        after = self.ireneo("stats", "--json", "--store", self.sample,
                            store="").json
        self.assertEqual(before, after)

    def test_a_full_disk_is_an_error(self):
        key = self.calls("sample.Square")[0]["key"]
        for arguments in (("functions",), ("calls",), ("show", key),
                          ("cat", key), ("stats",), ("--json", "calls"),
                          ("calls", "--csv"), ("graph",), ("explain", key),
                          ("--help",), ("--version",)):
            with open("/dev/full", "wb") as full:
                done = self.ireneo(*arguments, status=1, stdout=full)
            self.assert_error(done, "standard output", "No space left")

    def test_a_closed_pipe_is_an_error(self):
        for arguments in (("stats",), ("--json", "calls")):
            read_end, write_end = os.pipe()
            os.close(read_end)
            with os.fdopen(write_end, "wb") as pipe:
                done = self.ireneo(*arguments, status=1, stdout=pipe)
            self.assert_error(done, "standard output", "Broken pipe")

    def test_a_closed_standard_output_is_an_error_and_no_file_of_ours(self):
        before = self.ireneo("stats").text
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&-', cli_testing.IRENEO,
             "--store", self.sample, "calls", "--limit", "0"],
            stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)
        self.assertEqual(self.ireneo("stats").text, before)

    def test_json_is_ascii_safe_for_terminals(self):
        for command in ("functions", "calls", "stats", "graph"):
            done = self.ireneo(command, "--json")
            self.assert_printable(done.stdout)
            self.assertTrue(re.fullmatch(r"(?s)[\[{].*[\]}]\n", done.text))


if __name__ == "__main__":
    cli_testing.main()
