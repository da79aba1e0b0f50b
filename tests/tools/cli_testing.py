"""What the black-box tests of `ireneo` share.

A test file ends with `cli_testing.main()` and is run by run_python.sh as

    FILE.py IRENEO MAKE_STORE

Failures show the commands that the test ran and what they printed.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

IRENEO = os.path.abspath(sys.argv[1])
MAKE_STORE = os.path.abspath(sys.argv[2])

# For a command that may write little: ThreadSanitizer writes a file into TMPDIR
# when a program starts, and does without if there is no such directory.
NO_TSAN_FILE = {"TMPDIR": "/nowhere"}


class Done:
    """A command that ended: its status and, as bytes, what it printed."""

    def __init__(self, arguments, completed):
        self.arguments = arguments
        self.status = completed.returncode
        self.stdout = completed.stdout or b""
        self.stderr = completed.stderr or b""

    @property
    def text(self):
        return self.stdout.decode()

    @property
    def errors(self):
        return self.stderr.decode().splitlines()

    @property
    def json(self):
        return json.loads(self.stdout)

    def __str__(self):
        return "$ ireneo {}\n{}{}[status {}]".format(
            " ".join(map(repr, self.arguments)),
            self.stdout.decode(errors="replace")[:4000],
            self.stderr.decode(errors="replace")[:4000], self.status)


class CliTest(unittest.TestCase):
    """Has the store `self.sample`, which no test may change."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        cls.sample = os.path.join(cls.folder, "sample")
        cls.loose_blobs = cls.make_store("sample", cls.sample)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @staticmethod
    def make_store(kind, path):
        """Makes a store; returns the words that make_store prints."""
        return subprocess.run([MAKE_STORE, kind, path], check=True,
                              stdout=subprocess.PIPE).stdout.decode().split()

    def run(self, result=None):
        self.log = []
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print("---- commands of", self.id(), file=sys.stderr)
            for done in self.log:
                print(done, file=sys.stderr)
        return result

    def ireneo(self, *arguments, store=None, status=0, env=None, **options):
        """Runs the command on the sample, or `store`; "" is no --store."""
        where = self.sample if store is None else store
        command = (["--store", where] if where else []) + list(arguments)
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("COLUMNS", "IRENEO_STORE")}
        environment.update(env or {})
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        done = Done(command, subprocess.run(
            [IRENEO] + command, env=environment, stderr=subprocess.PIPE,
            timeout=60, **options))
        self.log.append(done)
        self.assertEqual(done.status, status)
        for line in done.errors:
            self.assertTrue(line.startswith("ireneo: "), line)
        if status == 0:
            self.assertEqual(done.stderr, b"")
        else:
            self.assertNotEqual(done.stderr, b"")
        return done

    def assert_error(self, done, *parts):
        """That there is one line of error, with all `parts` in it."""
        self.assertEqual(len(done.errors), 1)
        for part in parts:
            self.assertIn(part, done.errors[0])

    def assert_printable(self, data):
        """That a terminal would obey nothing in `data` but newlines."""
        for character in data.decode():
            if character != "\n":
                self.assertTrue(character.isprintable(), repr(character))

    def calls(self, function, store=None):
        """The calls of a function, oldest first."""
        calls = self.ireneo("--json", "calls", function, store=store).json
        return [c for c in reversed(calls) if c["function"] == function]

    def copy_of_sample(self):
        path = tempfile.mkdtemp(dir=self.folder)
        shutil.copytree(self.sample, path, dirs_exist_ok=True)
        return path


def blob_file(store, digest):
    """The path of the file of a blob, compressed or not."""
    digits = digest.split(":")[1]
    path = os.path.join(store, "blobs", digits[:2], digits[2:])
    for suffix in ("", ".zst", ".gz", ".blosc"):
        if os.path.exists(path + suffix):
            return path + suffix
    return path


def flip_byte(path, offset):
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def damage_small_argument(store, key):
    """Changes the last byte of the arguments that stand in the row of a call."""
    name = bytes.fromhex(key.split(":")[1])
    with contextlib.closing(
            sqlite3.connect(os.path.join(store, "index.db"))) as index:
        [values] = index.execute(
            "SELECT argument_values FROM calls WHERE key = ?", [name]).fetchone()
        index.execute("UPDATE calls SET argument_values = ? WHERE key = ?",
                      [values[:-1] + bytes([values[-1] ^ 1]), name])
        index.commit()


def execute(store, sql, *parameters):
    """Runs a statement on the index of a store."""
    with contextlib.closing(
            sqlite3.connect(os.path.join(store, "index.db"))) as index:
        index.execute(sql, parameters)
        index.commit()


class _Result(unittest.TextTestResult):
    """Also writes the report that Bazel reads."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seconds = {}

    def startTest(self, test):
        super().startTest(test)
        self.seconds[test] = -time.monotonic()

    def stopTest(self, test):
        self.seconds[test] += time.monotonic()
        super().stopTest(test)

    def write_report(self, path):
        failed = {test: text for test, text in self.failures + self.errors}
        suite = ElementTree.Element(
            "testsuite", name=os.path.basename(sys.argv[0]),
            tests=str(max(len(self.seconds), len(failed))),
            failures=str(len(failed)), errors="0",
            skipped=str(len(self.skipped)))
        for test, seconds in self.seconds.items():
            case = ElementTree.SubElement(suite, "testcase", name=test.id(),
                                          time=f"{seconds:.3f}")
            if test in failed:
                ElementTree.SubElement(case, "failure").text = "".join(
                    c for c in failed[test] if c.isprintable() or c == "\n")
        ElementTree.ElementTree(suite).write(path, encoding="utf-8",
                                             xml_declaration=True)


def main():
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2)
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"])
    result = runner.run(suite)
    if "XML_OUTPUT_FILE" in os.environ:
        result.write_report(os.environ["XML_OUTPUT_FILE"])
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
