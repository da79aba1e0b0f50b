"""ireneo get and ireneo put"""

import base64
import csv
import io
import json
import os
import pty
import stat
import subprocess
import tempfile
import threading

import cli_testing
from cli_testing import blob_file, flip_byte


class GetTest(cli_testing.CliTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tables = os.path.join(cls.folder, "tables")
        cls.make_store("tables", cls.tables)

    def result(self, function, store=None, index=0):
        return self.calls(function, store=store)[index]["result"]["digest"]

    def get(self, *arguments, **options):
        return self.ireneo("get", *arguments, **options)

    def path(self, name):
        return os.path.join(self.folder, self.id() + name)

    def contents(self, path):
        with open(path, "rb") as file:
            return file.read()

    def assert_nothing_beside(self, path):
        folder, name = os.path.split(path)
        self.assertEqual([n for n in os.listdir(folder)
                          if n.startswith((name, ".ireneo")) and n != name],
                         [])

    def test_without_a_format_it_is_the_stored_bytes(self):
        digest = self.result("sample.Counting")
        stored = self.ireneo("cat", digest).stdout
        path = self.path(".bin")
        for arguments in ((), ("--as", "raw")):
            self.assertEqual(self.get(digest, *arguments).stdout, stored)
            self.get(digest, "-o", path, *arguments)
            self.assertEqual(self.contents(path), stored)
            self.assertEqual(self.get(digest, "-o", "-", *arguments).stdout,
                             stored)

    def test_the_extension_tells_the_format(self):
        key = self.calls("sample.Counting")[0]["key"]
        rows = [[float(4 * i + j) for j in range(4)] for i in range(3)]
        self.get(key, "-o", self.path(".json"))
        self.assertEqual(json.loads(self.contents(self.path(".json"))), rows)
        self.get(key, "-o", self.path(".csv"))
        with open(self.path(".csv"), newline="", encoding="utf-8") as file:
            self.assertEqual(list(csv.reader(file)),
                             [[f"{x:.1f}" for x in row] for row in rows])
        self.get(key, "-o", self.path(".npy"))
        self.assertEqual(self.contents(self.path(".npy")),
                         self.ireneo("cat", key).stdout)
        # Which --as overrules.
        self.get(key, "-o", self.path(".csv"), "--as", "json")
        self.assertEqual(json.loads(self.contents(self.path(".csv"))), rows)

    def test_numpy_reads_them(self):
        npy, text = self.path(".npy"), self.path(".csv")
        points = self.result("sample.Points", store=self.tables)
        self.get(points, "-o", npy, store=self.tables)
        self.get(points, "-o", text, store=self.tables)
        done = subprocess.run(
            ["/usr/bin/python3", "-c",
             "import numpy, sys\n"
             "print(numpy.load(sys.argv[1]).tolist())\n"
             "print(numpy.loadtxt(sys.argv[2], delimiter=',').tolist())",
             npy, text], stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.decode().splitlines(),
                         ["[[0.5, 1.0], [2.0, 3.0]]"] * 2)

    def test_a_table(self):
        digest = self.result("sample.Table", store=self.tables)
        text = self.get(digest, "--as", "csv", store=self.tables).text
        self.assertEqual(list(csv.reader(io.StringIO(text, newline=""))),
                         [["a,b", "0.5"], ['"c"', "0.16666666666666666"]])
        self.assertEqual(
            self.get(digest, "--as", "json", store=self.tables).json,
            [["a,b", 0.5], ['"c"', 0.5 / 3]])
        done = self.get(digest, "--as", "npy", store=self.tables, status=1)
        self.assert_error(done, "a string", "csv, json or raw")

    def test_the_type_of_a_blob_is_that_of_its_calls(self):
        digest = self.result("sample.Signed")
        self.assert_error(
            self.get(digest, "--as", "json", status=1), digest, "i64 and u64",
            "--type")
        self.assertEqual(
            self.get(digest, "--as", "json", "--type", "u64").json, 7)
        key = self.calls("sample.Signed")[0]["key"]
        self.assertEqual(self.get(key, "--as", "json").json, 7)
        loose = self.loose_blobs[0]
        self.assert_error(self.get(loose, "--as", "json", status=1), loose,
                          "unknown", "--type", "--as raw")
        self.assertEqual(self.get(loose, "--as", "json", "--type",
                                  "array<u8,11>").json,
                         list(b"\0\1\2\xff binary"))
        self.assert_error(self.get(loose, "--as", "json", "--type", "u64",
                                   status=1), "11 bytes are not a 'u64'")
        self.assert_error(self.get(loose, "--as", "json", "--type", "vec<",
                                   status=1), "type name 'vec<'")

    def test_small_arguments(self):
        [call] = self.calls("sample.Refine")
        digest = call["arguments"][0]["digest"]
        self.assertEqual(self.get(digest, "--as", "json").json, [1e-9, 100])
        self.assertEqual(self.get(digest, "--as", "csv").text,
                         "1e-09,100\r\n")
        self.get(digest, "-o", self.path(".bin"))
        self.assertEqual(len(self.contents(self.path(".bin"))), 12)

    def test_other_results_of_a_call(self):
        path = os.path.join(self.folder, "dice")
        keys = self.make_store("dice", path)
        [other] = self.ireneo("show", keys[1], "--json",
                              store=path).json["conflicts"]
        for digest, value in ((keys[1], 0.0), (other["digest"], 1.0)):
            self.assertEqual(self.get(digest, "--as", "json", store=path).json,
                             [value] * 1000)

    def test_a_type_without_codec(self):
        digest = self.result("sample.Mesh")
        stored = self.ireneo("cat", digest).stdout
        self.assertEqual(self.get(digest).stdout, stored)
        self.assertEqual(
            self.get(digest, "--as", "json").json,
            {"type": "sample.Mesh/1",
             "base64": base64.b64encode(stored).decode()})
        for name in ("csv", "npy"):
            self.assert_error(self.get(digest, "--as", name, status=1),
                              "sample.Mesh/1", "--plugin", "--as raw")

    def test_a_file_is_replaced_whole_and_keeps_its_mode(self):
        path = self.path(".json")
        with open(path, "w", encoding="utf-8") as file:
            file.write("old" * 1000)
        os.chmod(path, 0o640)
        self.get(self.result("sample.Square"), "-o", path)
        self.assertEqual(self.contents(path), b"2.25\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.assert_nothing_beside(path)

    def test_a_link_is_followed(self):
        path, link = self.path(".json"), self.path("link")
        with open(path, "w", encoding="utf-8"):
            pass
        os.symlink(path, link)
        self.get(self.result("sample.Square"), "-o", link, "--as", "json")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(self.contents(path), b"2.25\n")

    def test_a_link_to_a_file_that_is_not_there_is_followed(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        path = os.path.join(folder, "folder", "new.json")
        os.mkdir(os.path.dirname(path))
        # A chain, absolute and relative.
        os.symlink("folder/new.json", os.path.join(folder, "second"))
        link = os.path.join(folder, "first")
        os.symlink(os.path.join(folder, "second"), link)
        self.get(self.result("sample.Square"), "-o", link, "--as", "json")
        self.assertTrue(os.path.islink(link))
        self.assertTrue(os.path.islink(os.path.join(folder, "second")))
        self.assertEqual(self.contents(path), b"2.25\n")
        self.assert_nothing_beside(path)
        nowhere, circle = (os.path.join(folder, n) for n in ("no", "circle"))
        os.symlink("nowhere/at/all", nowhere)
        os.symlink("circle", circle)
        for name, part in ((nowhere, "No such file"), (circle, "Too many")):
            self.assert_error(self.get(self.result("sample.Square"), "-o",
                                       name, status=1), name, part)

    def test_names_of_every_length(self):
        for length in (1, 240, 255):
            path = os.path.join(tempfile.mkdtemp(dir=self.folder), "x" * length)
            self.get(self.result("sample.Square"), "-o", path, "--as", "json")
            self.assertEqual(self.contents(path), b"2.25\n")
            self.assert_nothing_beside(path)

    def test_what_another_run_left_behind_is_in_nobodys_way(self):
        path = self.path(".json")
        # The shell becomes the command and keeps its number.
        subprocess.run(
            ["sh", "-c", ': > "$0.$$.ireneo"; exec "$@"', path,
             cli_testing.IRENEO, "--store", self.sample, "get",
             self.result("sample.Square"), "-o", path], check=True)
        self.assertEqual(self.contents(path), b"2.25\n")

    def test_a_device_is_written_to_and_not_replaced(self):
        self.get(self.result("sample.Square"), "-o", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_failures_leave_the_file_as_it_was(self):
        path = self.path(".npy")
        with open(path, "w", encoding="utf-8") as file:
            file.write("old")
        words = self.result("sample.Words", store=self.tables)
        self.get(words, "-o", path, store=self.tables, status=1)
        copy = self.copy_of_sample()
        digest = self.result("sample.Counting", index=1)
        flip_byte(blob_file(copy, digest), 5000)
        self.assert_error(self.get(digest, "-o", path, store=copy, status=1),
                          digest, "damaged")
        self.assertEqual(self.contents(path), b"old")
        self.assert_nothing_beside(path)

    def test_what_cannot_be_written(self):
        digest = self.result("sample.Square")
        for path, part in ((self.folder, "directory"),
                           ("/nowhere/at/all", "No such file"),
                           ("/proc/nothing", "cannot write")):
            done = self.get(digest, "-o", path, status=1)
            self.assert_error(done, "ireneo: cannot write " + path, part)

    def test_a_full_disk(self):
        digest = self.result("sample.Zeros", store=self.tables)
        for name in ("json", "csv", "npy", "raw"):
            self.assert_error(
                self.get(digest, "--as", name, "-o", "/dev/full",
                         store=self.tables, status=1),
                "cannot write /dev/full", "No space left")
            with open("/dev/full", "wb") as full:
                self.assert_error(
                    self.get(digest, "--as", name, store=self.tables,
                             stdout=full, status=1), "No space left")

    def test_a_file_larger_than_allowed_leaves_nothing(self):
        digest = self.result("sample.Zeros", store=self.tables)
        path = self.path(".json")
        done = subprocess.run(
            ["sh", "-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh",
             cli_testing.IRENEO, "--store", self.tables, "get", digest, "-o",
             path], stderr=subprocess.PIPE, check=False,
            env={**os.environ, **cli_testing.NO_TSAN_FILE})
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"File too large", done.stderr)
        self.assertFalse(os.path.exists(path))
        self.assert_nothing_beside(path)

    def on_terminal(self, *arguments, **options):
        """What `ireneo get ARGUMENTS` shows on a terminal, and its errors."""
        try:
            leader, terminal = pty.openpty()
        except OSError as error:  # As in a chroot without /dev/pts.
            self.skipTest(f"there are no terminals here: {error}")
        try:
            done = self.get(*arguments, stdout=terminal, **options)
        finally:
            os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(leader, 4096):
                shown += chunk
        except OSError:  # The end: nobody has the terminal open.
            pass
        os.close(leader)
        return shown, done

    def test_only_text_goes_to_a_terminal(self):
        digest = self.result("sample.Counting")
        shown, _ = self.on_terminal(digest, "--as", "csv")
        self.assertIn(b"0.0,1.0,2.0,3.0", shown)
        shown, done = self.on_terminal(digest, "--as", "npy", status=1)
        self.assertEqual(shown, b"")
        self.assert_error(done, "terminal", "-o", "--force")
        words = self.result("sample.Words", store=self.tables)
        _, done = self.on_terminal(words, "--as", "csv", store=self.tables,
                                   status=1)
        self.assert_error(done, "terminal")
        shown, _ = self.on_terminal(words, "--as", "json", store=self.tables)
        self.assertIn(b"x9b31m", shown)
        shown, _ = self.on_terminal(words, "--force", store=self.tables)
        self.assertIn(b"\x9b31m", shown)

    def test_nothing_starts_so(self):
        self.assert_error(self.get("0" * 32, status=1), "no call or blob")


class PutTest(cli_testing.CliTest):

    def test_a_file_becomes_a_blob(self):
        path = self.copy_of_sample()
        for data in (b"", b"plain text\n", bytes(range(256)) * 100):
            name = os.path.join(self.folder, "file")
            with open(name, "wb") as file:
                file.write(data)
            digest = self.ireneo("put", name, store=path).text.strip()
            self.assertEqual(self.ireneo("cat", digest, store=path).stdout,
                             data)
            self.assertEqual(self.ireneo("--json", "put", name,
                                         store=path).json,
                             {"digest": digest, "bytes": len(data)})

    def test_a_file_is_read_to_its_end_whatever_its_size_is_said_to_be(self):
        path = self.copy_of_sample()
        digest = self.ireneo("put", "/proc/self/mounts", store=path)
        self.assertIn(b"/", self.ireneo("cat", digest.text.strip(),
                                        store=path).stdout)

    def test_standard_input_and_pipes(self):
        path = self.copy_of_sample()
        data = bytes(range(256)) * 1000
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)

        def write():
            with open(pipe, "wb") as file:
                file.write(data)

        writer = threading.Thread(target=write)
        writer.start()
        piped = self.ireneo("put", pipe, store=path).text.strip()
        writer.join()
        self.assertEqual(self.ireneo("cat", piped, store=path).stdout, data)
        name = os.path.join(self.folder, "file")
        with open(name, "wb") as file:
            file.write(data)
        with open(name, "rb") as file:
            given = self.ireneo("put", "-", store=path, stdin=file)
        self.assertEqual(given.text.strip(), piped)
        with open(name, "wb") as file:  # Which cannot be read.
            self.assert_error(
                self.ireneo("put", "-", store=path, stdin=file, status=1),
                "cannot read standard input")

    def put_npy(self, store, expression):
        """Puts what NumPy saves of a Python expression; returns its digest."""
        name = os.path.join(self.folder, "array.npy")
        subprocess.run(
            ["/usr/bin/python3", "-c",
             f"import numpy\nnumpy.save({name!r}, {expression})"], check=True)
        return self.ireneo("put", name, store=store).text.strip()

    def test_an_npy_file_is_an_array(self):
        path = self.copy_of_sample()
        for expression, kind, value in (
                ("numpy.array([[1.5, 2], [3, 4]])", "<f8,?,?,C",
                 [[1.5, 2], [3, 4]]),
                ("numpy.asfortranarray([[1, 2], [3, 4]], dtype='>i2')",
                 "<i2,?,?,F", [[1, 2], [3, 4]]),
                ("numpy.array([200, 7], dtype='u1')", "|u1,?,C",
                 [200, 7]),
                ("numpy.array(True)", "|b1,C", True),
                ("numpy.zeros((2, 0, 3))", "<f8,?,?,?,C", [[], []])):
            digest = self.put_npy(path, expression)
            shown = self.ireneo("show", digest, "--json", store=path).json
            [view] = shown["values"]
            self.assertEqual(view["type"], f"eigen.tensor<{kind}>/1")
            self.assertTrue(view["guessed"])
            self.assertEqual(view["preview"], value)
            self.assertIn("guessed from the .npy header",
                          self.ireneo("show", digest, store=path).text)
            self.assertEqual(self.ireneo("get", digest, "--as", "json",
                                         store=path).json, value)
            out = os.path.join(self.folder, "out.npy")
            self.ireneo("get", digest, "-o", out, store=path)
            done = subprocess.run(
                ["/usr/bin/python3", "-c",
                 f"import numpy\nprint(numpy.load({out!r}).tolist())"],
                stdout=subprocess.PIPE, check=True)
            self.assertEqual(done.stdout.decode().strip(), str(
                json.loads(json.dumps(value))) if "f8" not in kind else str(
                    [[float(x) for x in row] for row in value]))
        digest = self.put_npy(path, "numpy.array([[1.5, 2]])")
        self.assertEqual(self.ireneo("get", digest, "--as", "csv",
                                     store=path).text, "1.5,2.0\r\n")

    def test_other_npy_files_are_bytes(self):
        path = self.copy_of_sample()
        good = self.put_npy(path, "numpy.array([1.5])")
        name = os.path.join(self.folder, "array.npy")
        with open(name, "rb") as file:
            data = file.read()
        with open(name, "wb") as file:
            file.write(data[:-1])
        cut = self.ireneo("put", name, store=path).text.strip()
        for digest in (cut, self.put_npy(path, "numpy.array(['a'])"),
                       self.put_npy(path, "numpy.zeros(2, dtype='V2')")):
            self.assertNotEqual(digest, good)
            shown = self.ireneo("show", digest, store=path).text
            self.assertIn("unknown", shown)
            self.assert_error(self.ireneo("get", digest, "--as", "json",
                                          store=path, status=1), "unknown")

    def test_equal_bytes_are_one_blob(self):
        path = self.copy_of_sample()
        name = os.path.join(self.folder, "file")
        with open(name, "wb") as file:
            file.write(b"plain text\n")
        self.assertEqual(self.ireneo("put", name, store=path).text.strip(),
                         self.loose_blobs[1])

    def test_what_is_no_file(self):
        path = self.copy_of_sample()
        self.assert_error(
            self.ireneo("put", "/nowhere/a", store=path, status=1),
            "/nowhere/a", "No such file")
        self.assert_error(
            self.ireneo("put", self.folder, store=path, status=1),
            self.folder)


if __name__ == "__main__":
    cli_testing.main()
