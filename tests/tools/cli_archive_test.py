"""ireneo export and ireneo import"""

import contextlib
import ctypes
import fcntl
import glob
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

import cli_testing
from cli_testing import IRENEO, blob_file, flip_byte


def without_privileges():
    """From here on, the mode of files holds for root as well."""
    prctl = ctypes.CDLL(None).prctl
    drop_from_bounding_set = 24
    dac_override, dac_read_search = 1, 2
    prctl(drop_from_bounding_set, dac_override)
    prctl(drop_from_bounding_set, dac_read_search)


def bytes_in(pipe):
    """How many wait there to be read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"    "))[0]


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited for too long")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class ArchiveTest(cli_testing.CliTest):

    def setUp(self):
        self.home = tempfile.mkdtemp(dir=self.folder)
        self.archive = self.path("a.tar")
        self.other = self.path("other")

    def path(self, name):
        return os.path.join(self.home, name)

    def store(self, kind, name):
        """Makes a store, and returns its path and what make_store printed."""
        path = self.path(name)
        return path, self.make_store(kind, path)

    def export(self, *arguments, **options):
        return self.ireneo("export", self.archive, *arguments, **options)

    def import_(self, *arguments, **options):
        options.setdefault("store", self.other)
        return self.ireneo("import", *(arguments or (self.archive,)),
                           **options)

    def functions(self, *arguments, **options):
        """What is in an archive of that."""
        report = self.export("--json", *arguments, **options).json
        return {f["name"]: f["calls"] for f in report["functions"]}

    def count(self, store=None):
        return self.ireneo("--json", "stats",
                           store=store or self.other).json["calls"]

    def start(self, *arguments, store, **options):
        """Starts a command that goes on for a while."""
        self.log.append(" ".join(arguments))
        process = subprocess.Popen([IRENEO, "--store", store, *arguments],
                                   stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def assert_interrupted(self, process, *parts):
        errors = process.stderr.read().decode().splitlines()
        self.assertEqual(process.wait(), 1, errors)
        self.assertEqual(len(errors), 1, errors)
        for part in ("ireneo: interrupted: ",) + parts:
            self.assertIn(part, errors[0])

    def test_only_archives_need_their_libraries(self):
        self.export()
        for file, package in (("libarchive.so.13", "libarchive13"),
                              ("libcrypto.so.3", "libssl3")):
            folder = self.path(package)
            os.mkdir(folder)
            write(os.path.join(folder, file), b"not a library")
            without = {"LD_LIBRARY_PATH": folder}
            self.ireneo("stats", env=without)
            for done in (
                    self.ireneo("export", self.path("b.tar"), status=1,
                                env=without),
                    self.import_(status=1, env=without),
                    self.ireneo("stats", store=self.archive, status=1,
                                env=without)):
                self.assert_error(done, file, "install Debian's " + package)
            self.assertFalse(os.path.exists(self.path("b.tar")))

    # ------------------------------------------------------------ Round trips

    def test_round_trip(self):
        report = self.export("--json").json
        self.assertEqual(
            list(report),
            ["file", "digest", "bytes", "signed_by", "calls", "blobs",
             "blob_bytes", "functions", "as_of", "lost"])
        self.assertEqual(report["file"], self.archive)
        self.assertEqual(report["bytes"], os.path.getsize(self.archive))
        self.assertEqual(report["calls"], self.count(self.sample))
        self.assertIn({"name": "sample.Versioned", "versions": ["1", "2"],
                       "calls": 2}, report["functions"])
        done = self.import_("--json", self.archive).json
        self.assertEqual(list(done),
                         ["dry_run", "store_created", "archives", "total"])
        self.assertTrue(done["store_created"])
        [one] = done["archives"]
        self.assertEqual(one["file"], self.archive)
        self.assertEqual(one["digest"], report["digest"])
        self.assertIsNone(one["signed_by"])
        self.assertEqual(one["calls_added"], report["calls"])
        self.assertEqual(one["blobs_added"], report["blobs"])
        self.assertEqual(one["bytes_added"], report["blob_bytes"])
        self.assertEqual(one["contents"]["functions"], report["functions"])
        self.assertEqual(self.count(), report["calls"])
        for ours in self.calls("sample.Counting"):
            self.assertEqual(
                self.ireneo("cat", ours["key"], store=self.other).stdout,
                self.ireneo("cat", ours["key"]).stdout)
        self.ireneo("verify", store=self.other)
        # Equal contents are equal bytes.
        before = read(self.archive)
        self.export(store=self.other)
        self.assertEqual(read(self.archive), before)
        # And a second import adds nothing.
        again = self.import_("--json", self.archive).json
        self.assertFalse(again["store_created"])
        self.assertEqual(again["total"], {
            "calls_added": 0, "calls_known": report["calls"],
            "calls_incomplete": 0, "conflicts": 0, "blobs_added": 0,
            "bytes_added": 0})

    def test_text(self):
        done = self.export("sample.S", "sample.Counting")
        lines = done.text.splitlines()
        self.assertRegex(lines[0], r"^function +versions +calls$")
        self.assertRegex(lines[1], r"^sample.Counting +1 +3$")
        self.assertRegex(
            done.text,
            rf"\n\narchive +{self.archive}, [\d.]+ KiB\n"
            r"digest +sha256:[0-9a-f]{64}\ncalls +9\nblobs +2 of 1.23 MiB\n$")
        done = self.import_()
        self.assertRegex(
            done.text,
            rf"^made the store {self.other}\n\n"
            rf"archive +{self.archive}\ndigest +sha256:[0-9a-f]{{64}}\n"
            r"calls +9 added, 0 known already\n"
            r"blobs +2 added, of 1.23 MiB\n$")
        self.assertNotIn("made the store", self.import_().text)
        self.export()
        self.assert_printable(self.export().stdout)

    def test_several_archives_are_summed_up(self):
        names = [self.path("counting.tar"), self.path("square.tar")]
        self.ireneo("export", names[0], "sample.Counting")
        self.ireneo("export", names[1], "sample.Square")
        done = self.import_(*names).text
        self.assertRegex(
            done, r"(?s)3 added.*\n\narchive .*3 added.*\n\nall 2 archives\n"
            r"calls +6 added, 0 known already\nblobs +2 added, of 1.23 MiB\n$")
        done = self.import_("--json", *names).json
        self.assertEqual([a["file"] for a in done["archives"]], names)
        self.assertEqual(done["total"]["calls_known"], 6)

    def test_one_that_is_refused_does_not_keep_the_others_out(self):
        self.export("sample.Square")
        self.import_()
        write(self.path("bad.tar"), b"no archive")
        done = self.import_(self.path("bad.tar"), self.path("none.tar"),
                            self.archive, "--json", status=1)
        self.assertEqual(len(done.errors), 2)
        self.assertIn("bad.tar", done.errors[0])
        self.assertIn("none.tar", done.errors[1])
        [one] = done.json["archives"]
        self.assertEqual(one["calls_known"], 3)

    # ------------------------------------------------------------------ Pipes

    def test_through_a_pipe(self):
        read_end, write_end = os.pipe()
        sender = self.start("export", "-", "sample.Counting",
                            store=self.sample, stdout=write_end)
        os.close(write_end)
        done = self.import_("-", "--name", "a colleague", "--json",
                            stdin=read_end)
        os.close(read_end)
        self.assertEqual(sender.wait(), 0)
        self.assertEqual(sender.stderr.read(), b"")
        self.assertEqual(done.json["archives"][0]["file"], "-")
        self.assertEqual(done.json["total"]["calls_added"], 3)
        call = self.calls("sample.Counting", store=self.other)[0]
        self.assertEqual(call["imported_from"]["archive"], "a colleague")

    def test_a_pipe_gets_what_a_file_gets(self):
        self.export()
        self.assertEqual(self.ireneo("export", "-").stdout, read(self.archive))
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        sender = self.start("export", fifo, store=self.sample,
                            stdout=subprocess.DEVNULL)
        done = self.import_(fifo, "--json")
        self.assertEqual(sender.wait(), 0)
        self.assertEqual(done.json["total"]["calls_added"],
                         self.count(self.sample))
        self.assertTrue(os.path.exists(fifo))

    def test_terminals_are_no_place_for_archives(self):
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, end)
        self.assert_error(
            self.ireneo("export", "-", stdout=end, status=1),
            "standard output is a terminal", "name a file")
        self.ireneo("import", "-", stdin=end, store=self.sample, status=1)

    def test_a_full_disk_and_a_closed_pipe(self):
        with open("/dev/full", "wb") as full:
            self.assert_error(self.ireneo("export", "-", stdout=full, status=1),
                              "cannot write the archive: No space left")
        read_end, write_end = os.pipe()
        os.close(read_end)
        with os.fdopen(write_end, "wb") as pipe:
            self.assert_error(self.ireneo("export", "-", stdout=pipe, status=1),
                              "cannot write the archive: Broken pipe")

    # -------------------------------------------------------------- Selection

    def test_functions_versions_and_times(self):
        self.assertEqual(self.functions("sample.Sq", "sample.Power"),
                         {"sample.Power": 2, "sample.Square": 3})
        self.assertEqual(self.functions("--version", "2"),
                         {"sample.Versioned": 1})
        self.assertEqual(self.functions("sample.Mean", "--since", "1h"),
                         {"sample.Mean": 2})
        self.assert_error(
            self.export("sample.Mean", "--since", "2100-01-01", status=1),
            "no call is selected", "ireneo calls")

    def test_a_name_that_no_call_has_is_no_success(self):
        for arguments in (("sample.Nine",), ("sample.Mean", "sample.Nine"),
                          ("sample.Mean", "--version", "7"),
                          ("--version", "7")):
            self.assert_error(self.export(*arguments, status=1),
                              "no call of a function", "ireneo functions")
            self.assertFalse(os.path.exists(self.archive))

    def test_keys(self):
        first, second, *_ = self.calls("sample.Square")
        self.assertEqual(
            self.functions("--key", first["key"], "--key",
                           second["key"][5:15]), {"sample.Square": 2})
        self.assert_error(self.export("--key", "00000000", status=1),
                          "no call or blob starts with '00000000'")

    def test_lineage(self):
        store, keys = self.store("lineage", "lineage")
        fit = keys[1]
        self.assertEqual(self.functions("--key", fit, store=store),
                         {"sample.Fit": 1})
        self.assertEqual(
            self.functions("--key", fit, "--lineage", store=store),
            {"sample.Fit": 1, "sample.Scale": 1})

    def test_without_arguments(self):
        self.export("sample.Square", "--no-arguments")
        self.import_()
        for call in self.calls("sample.Square", store=self.other):
            self.assertFalse(call["arguments"][0]["kept"])

    def test_as_of_another_archive(self):
        store, _ = self.store("lineage", "lineage")
        base, more = self.path("base.tar"), self.path("more.tar")
        done = self.ireneo("export", base, "sample.Load", "--json",
                           store=store).json
        report = self.ireneo("export", more, "--as-of", base, "--json",
                             store=store).json
        self.assertEqual(report["as_of"], [done["digest"]])
        self.assertEqual(report["calls"] + done["calls"], self.count(store))
        # Alone it is not complete, and says which one is to come first.
        imported = self.import_(more, "--json", status=1)
        self.assert_error(imported, more, "left out", done["digest"])
        left_out = imported.json["total"]["calls_incomplete"]
        self.assertGreater(left_out, 0)
        self.assertRegex(self.import_(more, status=1).text,
                         rf"(?m)^incomplete +{left_out} left out$")
        both = self.import_(base, more, "--json").json["total"]
        self.assertEqual(both["calls_incomplete"], 0)
        self.assertEqual(self.count(), self.count(store))
        # Nothing new is an archive too, but not of a name that no call has.
        text = self.export("--as-of", base, "--as-of", more, store=store).text
        self.assertRegex(text, r"(?m)^calls +0, beside those that are known")
        self.assert_error(
            self.export("sample.None", "--as-of", base, store=store, status=1),
            "no call is selected")
        self.assert_error(self.export("--as-of", "/none.tar", status=1),
                          "/none.tar")

    def test_calls_that_have_lost_their_results_are_left_out(self):
        store = self.copy_of_sample()
        call = self.calls("sample.Counting", store=store)[-1]
        os.remove(blob_file(store, call["result"]["digest"]))
        self.ireneo("verify", store=store, status=1)
        done = self.export("--json", store=store, status=1)
        self.assertEqual(done.json["lost"], [call["key"]])
        self.assertEqual(done.json["calls"], self.count(store) - 1)
        self.assert_error(done, call["key"], "ireneo verify --repair")
        self.import_()
        self.ireneo("verify", "--repair", store=store)
        self.export(store=store)

    def test_a_damaged_blob_is_an_error_once(self):
        store = self.copy_of_sample()
        call = self.calls("sample.Counting", store=store)[-1]
        flip_byte(blob_file(store, call["result"]["digest"]), 200)
        write(self.archive, b"before")
        self.assert_error(self.export(store=store, status=1),
                          call["result"]["digest"], "export again")
        self.assertEqual(read(self.archive), b"before")
        self.assert_error(self.export(store=store, status=1), call["key"])
        self.import_()

    # ------------------------------------------------------------- Signatures

    def key(self, name):
        """A private key, and a directory with the public one."""
        private, trusted = self.path(name + ".pem"), self.path(name)
        os.mkdir(trusted)
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out",
                        private], check=True)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out",
                        os.path.join(trusted, name + ".pub")], check=True)
        return private, trusted

    def test_signatures(self):
        private, trusted = self.key("ada")
        _, others = self.key("mallory")
        report = self.export("--sign", private, "sample.Square", "--json").json
        self.assertRegex(report["signed_by"], r"^[A-Za-z0-9+/]{43}=$")
        # No store is made for what is refused.
        self.assert_error(
            self.import_(self.archive, "--trusted-keys", others, status=1),
            self.archive, "not trusted")
        self.assertFalse(os.path.exists(self.other))
        text = self.import_(self.archive, "--trusted-keys", trusted).text
        self.assertRegex(text, r"(?m)^signed by +[A-Za-z0-9+/]{43}=$")
        self.assert_error(
            self.import_(self.archive, "--trusted-keys", others, status=1),
            self.archive, "not trusted")
        self.assertRegex(self.export("--sign", private).text,
                         r"(?m)^signed by +" +
                         re.escape(report["signed_by"]) + "$")
        self.import_()  # Who does not ask takes all.

    def test_unsigned_archives_are_refused_if_it_matters(self):
        _, trusted = self.key("ada")
        self.export()
        for _ in range(2):
            self.assert_error(
                self.import_(self.archive, "--trusted-keys", trusted,
                             status=1), self.archive, "not signed")
            self.ireneo("import", self.archive, store=self.other)
            self.ireneo("forget", self.calls("sample.Refine",
                                             store=self.other)[0]["key"],
                        store=self.other)
            before = self.count()
            self.import_(self.archive, "--trusted-keys", trusted, status=1)
            self.assertEqual(self.count(), before)

    def test_keys_that_cannot_be_read(self):
        self.export()
        self.assert_error(self.export("--sign", "/none.pem", status=1),
                          "ireneo: /none.pem")
        for _ in range(2):
            self.assert_error(
                self.import_(self.archive, self.archive, "--trusted-keys",
                             "/none", status=1), "ireneo: /none")
            self.make_store("empty", self.other)

    # --------------------------------------------------------------- Refusals

    def test_what_is_refused_leaves_the_store_as_it_was(self):
        self.export()
        data = read(self.archive)
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        for bad in (data[:len(data) // 2], data[:-2048], data[1024:],
                    bytes(flipped), b"", b"x" * 5000):
            write(self.path("bad.tar"), bad)
            self.assert_error(self.import_(self.path("bad.tar"), status=1),
                              "archive " + self.path("bad.tar"))
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.other)
            self.make_store("empty", self.other)
            self.assert_error(self.import_(self.path("bad.tar"), status=1),
                              "archive " + self.path("bad.tar"))
            with open(self.path("bad.tar"), "rb") as file:
                self.assert_error(self.import_("-", stdin=file, status=1),
                                  "archive standard input")
            self.assertEqual(self.count(), 0)
            self.assertEqual(os.listdir(os.path.join(self.other, "tmp")), [])
            self.assertEqual(os.listdir(os.path.join(self.other, "blobs")), [])
            shutil.rmtree(self.other)

    def test_a_missing_file_makes_no_store(self):
        for name in ("none.tar", "."):
            self.assert_error(self.import_(self.path(name), status=1),
                              self.path(name))
            self.assertFalse(os.path.exists(self.other))

    def test_what_is_too_large(self):
        self.export()
        self.assert_error(
            self.import_(self.archive, "--max-size", "1M", status=1),
            self.archive, "1048576 bytes", "limit that was given")
        self.import_(self.archive, "--max-size", "2M")

    def test_a_foreign_directory_becomes_no_store(self):
        self.export()
        self.assert_error(self.import_(store=self.home, status=1),
                          self.home + " is not a store: it has 'a.tar'")
        self.assertEqual(os.listdir(self.home), ["a.tar"])

    def test_a_directory_that_may_only_be_read(self):
        self.export()
        self.import_(self.archive)
        folder = self.path("folder")
        os.mkdir(folder)
        file = os.path.join(folder, "a.tar")
        write(file, b"before")
        os.chmod(folder, 0o555)
        self.addCleanup(os.chmod, folder, 0o755)
        self.assert_error(
            self.ireneo("export", file, status=1,
                        preexec_fn=without_privileges),
            f"ireneo: cannot write {file}: Permission denied")
        self.assertEqual(read(file), b"before")
        self.assert_error(
            self.import_(self.archive, store=os.path.join(folder, "store"),
                         status=1, preexec_fn=without_privileges),
            os.path.join(folder, "store"))

    def test_a_store_that_may_only_be_read_can_be_exported(self):
        store = self.copy_of_sample()
        self.export()
        before = read(self.archive)
        for folder, _, files in os.walk(store):
            for file in files:
                os.chmod(os.path.join(folder, file), 0o444)
            os.chmod(folder, 0o555)
            self.addCleanup(os.chmod, folder, 0o755)
        self.export(store=store, preexec_fn=without_privileges)
        self.assertEqual(read(self.archive), before)
        unsteady, _ = self.store("unsteady", "unsteady")
        self.export(store=unsteady)
        self.assert_error(
            self.import_(self.archive, store=store, status=1,
                         preexec_fn=without_privileges), store)
        self.assertEqual(self.count(store), self.count(self.sample))

    def test_what_was_there_stays_if_the_disk_is_full(self):
        write(self.archive, b"before")

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.assert_error(
            self.export(status=1, preexec_fn=little_room,
                        restore_signals=False,
                        env=cli_testing.NO_TSAN_FILE), "File too large")
        self.assertEqual(read(self.archive), b"before")
        self.assertEqual(os.listdir(self.home), ["a.tar"])

    # ---------------------------------------------------- Conflicts, dry runs

    def test_conflicts_are_listed_and_ours_stay(self):
        ours, keys = self.store("unsteady", "ours")
        theirs, _ = self.store("unsteady", "theirs")
        self.export(store=theirs)
        mine = {c["key"]: c["result"]["digest"]
                for c in self.calls("sample.Now", store=ours)}
        foreign = {c["key"]: c["result"]["digest"]
                   for c in self.calls("sample.Now", store=theirs)}
        dry = self.import_(self.archive, "--dry-run", store=ours).text
        self.assertIn("ours would be kept", dry)
        self.assertNotIn("ireneo show", dry)
        text = self.import_(store=ours).text
        self.assertRegex(text,
                         r"(?m)^conflicts +2 with other results: ours kept$")
        self.assertRegex(text, r"(?m)^key +function +ours +theirs$")
        for key in keys:
            self.assertRegex(
                text, rf"(?m)^{key[5:17]} +sample.Now +{mine[key][5:17]} +"
                rf"{foreign[key][5:17]}$")
            shown = self.ireneo("show", key, "--json", store=ours).json
            self.assertEqual(shown["result"]["digest"], mine[key])
            self.assertEqual([c["digest"] for c in shown["conflicts"]],
                             [foreign[key]])
        report = self.import_(self.archive, "--json", store=ours).json
        self.assertEqual(report["total"]["conflicts"], 2)
        self.assertEqual(
            report["archives"][0]["first_conflicts"],
            [{"key": key, "function": "sample.Now", "ours": mine[key],
              "theirs": foreign[key]} for key in sorted(keys)])

    def test_a_dry_run_adds_nothing(self):
        self.export()
        self.make_store("empty", self.other)
        dry = self.import_(self.archive, "--dry-run", "--json").json
        self.assertTrue(dry["dry_run"])
        self.assertEqual(self.count(), 0)
        self.assertRegex(self.import_(self.archive, "--dry-run").text,
                         r"(?m)^calls +\d+ to be added, 0 known already$")
        self.assertEqual(
            self.import_(self.archive, "--json").json["total"], dry["total"])

    def test_a_dry_run_makes_no_store(self):
        self.export()
        self.assert_error(self.import_(self.archive, "--dry-run", status=1),
                          "no store in " + self.other)
        self.assertFalse(os.path.exists(self.other))

    # ----------------------------------------------------------------- Origin

    def test_where_a_call_is_from(self):
        digest = self.export("--json").json["digest"]
        self.import_()
        for store, origin in ((self.sample, None), (
                self.other, {"archive": "a.tar", "digest": digest})):
            [call] = self.calls("sample.Refine", store=store)
            self.assertEqual(call["imported_from"], origin)
            self.assertNotIn("imported_from", call["environment"])
            shown = self.ireneo("show", "--json", call["key"],
                                store=store).json
            self.assertEqual(shown["imported_from"], origin)
            self.assertNotIn("imported_from", shown["environment"])
            text = self.ireneo("show", call["key"], store=store).text
            if origin is None:
                self.assertNotIn("imported", text)
            else:
                self.assertIn(f"\nimported from  a.tar, {digest}\n", text)
                self.assertEqual(text.count("imported"), 1)

    def test_the_origin_explains_nothing(self):
        store, keys = self.store("versions", "versions")
        self.export("--key", keys[0], store=store)
        other, _ = self.store("versions", "other")
        self.ireneo("forget", keys[0], store=other)
        self.import_(self.archive, store=other)
        done = self.ireneo("explain", keys[1], keys[0], "--json", store=other)
        self.assertEqual(done.json, self.ireneo(
            "explain", keys[1], keys[0], "--json", store=store).json | {
                name: done.json[name] for name in ("before", "now")})
        self.assertNotIn("imported", json.dumps(done.json["differences"]))

    # ---------------------------------------------------- Progress, interrupts

    def test_progress_is_for_terminals(self):
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.run([IRENEO, "--store", self.sample, "export",
                                  self.archive], stdout=subprocess.DEVNULL,
                                 stderr=end, check=True)
        os.close(end)
        self.assertIn(b"exporting calls " + self.archive.encode(),
                      os.read(terminal, 4096))
        self.assertEqual(process.returncode, 0)
        self.import_()  # Where there is none, nothing is on standard error.

    def test_who_waits_for_a_pipe_can_be_interrupted(self):
        self.export()
        data = read(self.archive)
        self.make_store("empty", self.other)
        read_end, write_end = os.pipe()
        process = self.start("import", "-", store=self.other, stdin=read_end,
                             stdout=subprocess.DEVNULL)
        os.close(read_end)
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(data[:len(data) // 2])
            pipe.flush()
            wait_until(lambda: bytes_in(pipe) == 0)
            process.send_signal(signal.SIGINT)
            self.assert_interrupted(process, "nothing was imported")
        self.assertEqual(self.count(), 0)
        self.assertEqual(os.listdir(os.path.join(self.other, "tmp")), [])
        self.import_()

    def test_an_export_to_a_pipe_can_be_interrupted(self):
        read_end, write_end = os.pipe()
        # Less than the calls need, behind which come the blobs.
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        process = self.start("export", "-", store=self.sample,
                             stdout=write_end)
        os.close(write_end)
        wait_until(lambda: bytes_in(read_end) > 0)
        process.send_signal(signal.SIGINT)
        with os.fdopen(read_end, "rb") as pipe:
            pipe.read()
        self.assert_interrupted(process, "the archive is not complete")

    def test_an_export_that_is_interrupted_leaves_nothing_behind(self):
        folder = self.path("folder")
        os.mkdir(folder)
        file = os.path.join(folder, "a.tar")
        store, _ = self.store("crowd", "crowd")

        def has_begun(process):
            for link in glob.glob(f"/proc/{process.pid}/fd/*"):
                with contextlib.suppress(OSError):
                    if os.readlink(link).startswith(folder):
                        return True
            return process.poll() is not None

        # It may be faster than the signal.
        for _ in range(100):
            write(file, b"before")
            process = self.start("export", file, store=store,
                                 stdout=subprocess.DEVNULL)
            while not has_begun(process):
                pass
            process.send_signal(signal.SIGINT)
            if process.wait() != 0:
                break
        self.assert_interrupted(process, file + " was not written")
        self.assertEqual(os.listdir(folder), ["a.tar"])
        self.assertEqual(read(file), b"before")


if __name__ == "__main__":
    cli_testing.main()
