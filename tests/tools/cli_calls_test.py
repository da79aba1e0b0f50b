"""ireneo calls"""

import csv
import datetime
import io
import json
import os
import pty
import subprocess
import sys

import cli_testing
from cli_testing import blob_file, flip_byte

PLUGIN = os.path.abspath(sys.argv[3])


class CallsTest(cli_testing.CliTest):

    def line(self, function, *options):
        """The only line of a function's table, without the header."""
        lines = self.ireneo("calls", function, *options).text.splitlines()
        self.assertEqual(len(lines), 2)
        return lines[1]

    def keys(self, *options):
        return [c["key"] for c in self.ireneo("calls", "--json", *options).json]

    def test_json_of_one_call(self):
        [call] = self.calls("sample.Refine")
        self.assertEqual(
            list(call), ["key", "function", "version", "callee_versions",
                         "salts", "environment_in_key", "seed", "arguments",
                         "result", "elapsed_seconds", "spent_seconds",
                         "created_at", "last_used_at", "hits", "callees",
                         "environment", "imported_from"])
        self.assertRegex(call["key"], "^xxh3:[0-9a-f]{32}$")
        self.assertEqual(call["version"], "1")
        self.assertEqual(call["salts"],
                         {"blas": "openblas-0.3.21", "libm": "2.36"})
        self.assertEqual(call["hits"], 0)
        self.assertGreater(call["elapsed_seconds"], 0)
        self.assertGreater(call["spent_seconds"], 0)
        self.assertIsNone(call["seed"])
        self.assertIn("compiler", call["environment"])
        created = datetime.datetime.strptime(call["created_at"],
                                             "%Y-%m-%dT%H:%M:%S.%fZ")
        age = datetime.datetime.utcnow() - created
        self.assertLess(abs(age.total_seconds()), 3600)
        [argument] = call["arguments"]
        self.assertRegex(argument.pop("digest"), "^xxh3:[0-9a-f]{32}$")
        self.assertEqual(argument, {
            "name": "params", "kept": True,
            "type": "sample.Params/1{f64,i32}", "bytes": 12, "shape": [],
            "preview": [1e-9, 100], "value": [1e-9, 100], "error": None})
        self.assertEqual(call["result"]["preview"], [5e-10, 200])

    def test_json_of_arrays(self):
        _, middle, large = self.calls("sample.Counting")
        self.assertEqual(middle["result"]["type"], "eigen<<f8,?,?,F>/1")
        self.assertEqual(middle["result"]["shape"], [40, 40])
        self.assertEqual(large["result"]["shape"], [400, 400])
        self.assertEqual(large["result"]["bytes"], 400 * 400 * 8 + 128)
        self.assertEqual(large["result"]["preview"][0],
                         [0, 1, "\u2026", 398, 399])
        unnamed = self.calls("sample.Mean")[0]["arguments"][0]
        self.assertIsNone(unnamed["name"])
        self.assertEqual(unnamed["shape"], [2000])

    def test_json_has_values_in_full_if_they_have_no_file(self):
        small, middle, _ = self.calls("sample.Counting")
        self.assertEqual(small["result"]["value"],
                         [[float(4 * i + j) for j in range(4)]
                          for i in range(3)])
        self.assertIsNone(middle["result"]["value"])
        self.assertIsNone(middle["result"]["error"])

    def test_json_of_seeds_callees_and_the_environment(self):
        keys = self.make_store("versions", os.path.join(self.folder, "v"))
        calls = {c["key"]: c for c in self.ireneo(
            "calls", "--json", store=os.path.join(self.folder, "v")).json}
        self.assertEqual(calls[keys[4]]["seed"], 2**64 - 1)
        self.assertEqual(calls[keys[6]]["callee_versions"], ["2", "3"])
        self.assertEqual(calls[keys[8]]["environment_in_key"]["simd"], "avx2")
        keys = self.make_store("lineage", os.path.join(self.folder, "l"))
        calls = {c["key"]: c for c in self.ireneo(
            "calls", "--json", store=os.path.join(self.folder, "l")).json}
        self.assertEqual({c["key"] for c in calls[keys[1]]["callees"]},
                         set(keys[2:4]))

    def test_json_of_what_was_not_kept(self):
        [call] = self.calls("sample.Secret")
        for argument in call["arguments"]:
            self.assertIs(argument["kept"], False)
            for name in ("value", "preview", "shape", "bytes", "error"):
                self.assertIsNone(argument[name])
        self.assertNotIn("hunter2", str(call))

    def test_json_of_an_unknown_type(self):
        [call] = self.calls("sample.Mesh")
        self.assertIn("sample.Mesh/1", call["result"]["error"])
        self.assertEqual(call["result"]["bytes"], 17)

    def test_text_of_all_functions_has_their_names(self):
        lines = self.ireneo("calls").text.splitlines()
        self.assertEqual(lines[0].split(), [
            "key", "function", "version", "arguments", "result", "time",
            "hits", "last", "use"])
        self.assertEqual(len(lines), 1 + len(self.keys()))
        self.assertTrue(any("sample.Refine" in line for line in lines))

    def test_text_of_one_function_has_no_name(self):
        text = self.ireneo("calls", "sample.Square").text
        self.assertNotIn("sample.Square", text)
        self.assertEqual(len(text.splitlines()), 4)

    def test_text_of_a_prefix_of_several_functions_has_names(self):
        text = self.ireneo("calls", "sample.S").text
        self.assertIn("sample.Square", text)
        self.assertIn("sample.Slow", text)
        self.assertNotIn("sample.Mean", text)

    def test_the_key_is_its_first_twelve_digits(self):
        [call] = self.calls("sample.Refine")
        self.assertTrue(self.line("sample.Refine").startswith(
            call["key"][5:17] + " "))

    def test_scalars_and_structs_show_values_and_arrays_shapes(self):
        self.assertIn("seconds=0.02  f64 0.02  ", self.line("sample.Slow"))
        self.assertIn("params=[1e-9, 100]", self.line("sample.Refine").replace(
            "1e-09", "1e-9"))
        self.assertIn("sample.Params/1", self.line("sample.Refine"))
        text = self.ireneo("calls", "sample.Mean").text
        self.assertIn("f64[2000] 3  f64 0.25 ", text)
        self.assertIn("[1, 2, 3] 0  f64 2 ", text)
        text = self.ireneo("calls", "sample.Counting").text
        self.assertRegex(text, r"rows=3 columns=4 +f64\[3x4\] ")
        self.assertRegex(text, r"rows=400 columns=400 +f64\[400x400\] ")

    def test_not_kept(self):
        self.assertIn(
            "password=(not kept) string weights=(not kept) f64[?]  bool false",
            self.line("sample.Secret"))

    def test_unknown_types_are_named(self):
        self.assertIn("mesh=sample.Mesh/1  sample.Mesh/1  ",
                      self.line("sample.Mesh"))

    def test_strings_are_safe_and_utf8_passes(self):
        done = self.ireneo("calls", "sample.Greet")
        self.assertIn('name="Gr\u00fc\u00dfe \u4e16\u754c"', done.text)
        self.assertIn(r'name="\u001b[31mred\n\u{202e}"', done.text)
        self.assert_printable(done.stdout)

    def test_arguments_that_differ_come_first(self):
        lines = self.ireneo("calls", "sample.Power").text.splitlines()
        for line, exponent in zip(lines[1:], (3, 2)):
            self.assertIn(f"  exponent={exponent} base=10  ", line)
        # In JSON they keep their places.
        self.assertEqual([a["name"] for a in
                          self.calls("sample.Power")[0]["arguments"]],
                         ["base", "exponent"])

    def test_versions_are_shown_where_they_differ(self):
        lines = self.ireneo("calls", "sample.Versioned").text.splitlines()
        self.assertEqual([line.split()[1] for line in lines],
                         ["version", "2", "1"])
        self.assertNotIn("version", self.ireneo("calls", "sample.Power").text)

    def test_seeds_are_shown_where_there_are_any(self):
        path = os.path.join(self.folder, "seeds")
        self.make_store("versions", path)
        lines = self.ireneo("calls", "sample.Solve", store=path,
                            env={"COLUMNS": "100"}).text.splitlines()
        self.assertEqual(lines[0].split()[:4],
                         ["key", "version", "seed", "arguments"])
        self.assertEqual(
            [line for line in lines if " 18446744073709551615 " in line],
            [lines[6]])
        self.assertNotIn("seed", self.ireneo("calls", "sample.Alone",
                                             store=path).text)

    def test_since(self):
        self.assertEqual(self.keys("--since", "12h"), self.keys())
        self.assertEqual(self.keys("--since", "2020-01-01"), self.keys())
        self.assertEqual(self.keys("--since", "2999-12-31T23:59:59Z"), [])
        third = self.ireneo("calls", "--json").json[2]
        since = self.keys("--since", third["created_at"])
        self.assertEqual(since, self.keys()[:3])

    def test_version(self):
        for version in ("1", "2"):
            [call] = self.ireneo("calls", "sample.Versioned", "--json",
                                 "--version", version).json
            self.assertEqual(call["version"], version)
        self.assertEqual(self.keys("--version", "3"), [])

    def test_limit(self):
        everything = self.keys()
        self.assertEqual(self.keys("--limit", "2"), everything[:2])
        lines = self.ireneo("calls", "--limit", "2").text.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(
            lines[3], f"{len(everything) - 2} more calls; --limit 0 lists all")
        lines = self.ireneo("calls", "--limit",
                            str(len(everything) - 1)).text.splitlines()
        self.assertEqual(lines[-1], "1 more call; --limit 0 lists all")
        self.assertEqual(
            len(self.ireneo("calls", "--limit", "0").text.splitlines()),
            1 + len(everything))

    def test_limit_of_text_is_fifty_and_of_json_none(self):
        path = os.path.join(self.folder, "crowd")
        self.make_store("crowd", path)
        lines = self.ireneo("calls", store=path).text.splitlines()
        self.assertEqual(len(lines), 1 + 50 + 1)
        self.assertEqual(lines[-1], "950 more calls; --limit 0 lists all")
        self.assertEqual(len(self.ireneo("calls", "--json", store=path).json),
                         1000)

    def test_sort_comes_before_limit(self):
        def sorted_calls(order, *options):
            return self.ireneo("calls", "--json", "--sort", order,
                               *options).json
        seconds = [c["elapsed_seconds"] for c in sorted_calls("time")]
        self.assertEqual(seconds, sorted(seconds, reverse=True))
        [slowest] = sorted_calls("time", "--limit", "1")
        self.assertEqual(slowest["elapsed_seconds"], seconds[0])
        [most_hit] = sorted_calls("hits", "--limit", "1")
        self.assertEqual(most_hit["hits"], 2)
        keys = [c["key"] for c in sorted_calls("key")]
        self.assertEqual(keys, sorted(keys))
        created = [c["created_at"] for c in sorted_calls("newest")]
        self.assertEqual(created, sorted(created, reverse=True))
        used = [c["last_used_at"] for c in sorted_calls("last-use")]
        self.assertEqual(used, sorted(used, reverse=True))
        self.assertNotEqual(used, created)

    def test_nothing_found(self):
        self.assertEqual(self.ireneo("calls", "other.").text,
                         "no such calls are remembered\n")
        self.assertEqual(self.keys("other."), [])

    def test_wildcards_are_plain_characters(self):
        self.assertEqual(self.keys("sample_"), [])
        self.assertEqual(self.keys("%"), [])

    def test_a_function_may_be_called_like_a_command(self):
        self.assertEqual(self.keys("stats"), [])

    def test_fits_the_terminal(self):
        for columns in (100, 80):
            text = self.ireneo("calls", env={"COLUMNS": str(columns)}).text
            self.assertLessEqual(max(map(len, text.splitlines())), columns)

    def test_damage_is_told_and_the_rest_is_listed(self):
        path = self.copy_of_sample()
        [call] = self.calls("sample.Ones")
        flip_byte(blob_file(path, call["result"]["digest"]), 100)
        done = self.ireneo("calls", store=path, status=1)
        self.assertRegex(done.text, r"n=1000 +\(damaged\) f64\[\?\]")
        self.assertIn("sample.Square", done.text)
        # Once, though two calls have that result.
        self.assert_error(done, call["result"]["digest"], "damaged")
        # Now it is set aside.
        done = self.ireneo("calls", "--json", store=path, status=1)
        damaged = [c for c in done.json if c["result"]["error"]]
        self.assertEqual({c["function"] for c in damaged},
                         {"sample.Ones", "sample.AlsoOnes", "sample.Mesh"})
        self.assert_error(done, call["result"]["digest"], "no longer")


class CsvTest(cli_testing.CliTest):

    def rows(self, *arguments, **options):
        done = self.ireneo("calls", "--csv", *arguments, **options)
        return list(csv.DictReader(io.StringIO(done.text, newline="")))

    def test_a_function(self):
        rows = self.rows("sample.Power")
        self.assertEqual(
            list(rows[0]), ["key", "function", "version", "seed", "base",
                            "exponent", "result", "seconds", "hits",
                            "created"])
        calls = self.ireneo("calls", "--json", "sample.Power").json
        for row, call in zip(rows, calls):
            self.assertEqual(row["key"], call["key"])
            self.assertEqual(row["created"], call["created_at"])
            self.assertEqual(float(row["seconds"]), call["elapsed_seconds"])
            self.assertEqual((row["function"], row["version"], row["seed"],
                              row["hits"]), ("sample.Power", "1", "", "0"))
        self.assertEqual([(r["base"], r["exponent"], r["result"])
                          for r in rows],
                         [("10.0", "3.0", "1000.0"), ("10.0", "2.0", "100.0")])

    def test_numpy_reads_it(self):
        path = os.path.join(self.folder, "power.csv")
        with open(path, "wb") as file:
            self.ireneo("calls", "sample.Power", "--csv", stdout=file)
        done = subprocess.run(
            ["/usr/bin/python3", "-c",
             "import numpy, sys\n"
             "a = numpy.genfromtxt(sys.argv[1], delimiter=',', names=True,\n"
             "                     dtype=None, encoding='utf-8')\n"
             "print((a['base'] ** a['exponent'] == a['result']).all(),\n"
             "      a['result'].dtype, a['hits'].dtype, a['seconds'].dtype,\n"
             "      a['function'][0])", path],
            stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.decode().split(),
                         ["True", "float64", "int64", "float64",
                          "sample.Power"])

    def test_several_functions(self):
        rows = self.rows()
        self.assertEqual(len(rows),
                         len(self.ireneo("calls", "--json").json))
        by_name = {}
        for row in rows:
            by_name.setdefault(row["function"], []).append(row)
        [counting] = [r for r in by_name["sample.Counting"]
                      if r["rows"] == "40"]
        self.assertEqual((counting["columns"], counting["base"]), ("40", ""))
        self.assertRegex(counting["result"], r"^f64\[40x40\] xxh3:[0-9a-f]{32}$")
        large = by_name["sample.Counting"][0]
        self.assertRegex(large["result"], r"^f64\[400x400\] xxh3:")
        [refine] = by_name["sample.Refine"]
        self.assertEqual(json.loads(refine["params"]), [1e-9, 100])
        [secret] = by_name["sample.Secret"]
        self.assertRegex(secret["password"], r"^string xxh3:[0-9a-f]{32}$")
        self.assertEqual(secret["result"], "false")
        [mesh] = by_name["sample.Mesh"]
        self.assertRegex(mesh["mesh"], r"^sample.Mesh/1 xxh3:[0-9a-f]{32}$")
        self.assertEqual([r["argument_2"] for r in by_name["sample.Mean"]],
                         ["0", "3"])
        self.assertEqual({r["name"] for r in by_name["sample.Greet"]},
                         {"Gr\u00fc\u00dfe \u4e16\u754c",
                          "\x1b[31mred\n\u202e"})
        self.assertIn("sample.Evil\x1b[2J\n", by_name)

    def test_options(self):
        self.assertEqual(len(self.rows("--limit", "2")), 2)
        keys = [r["key"] for r in self.rows("--sort", "key")]
        self.assertEqual(keys, sorted(keys))
        [row] = self.rows("sample.Versioned", "--version", "2")
        self.assertEqual(row["x"], "0.5")
        path = os.path.join(self.folder, "crowd")
        self.make_store("crowd", path)
        self.assertEqual(len(self.rows(store=path)), 1000)

    def test_seeds(self):
        path = os.path.join(self.folder, "versions")
        self.make_store("versions", path)
        self.assertEqual({r["seed"] for r in self.rows(store=path)},
                         {"", "18446744073709551615"})

    def test_plugins(self):
        [row] = self.rows("sample.Mesh", "--plugin", PLUGIN)
        self.assertEqual(json.loads(row["mesh"]), {"mesh": "triangle"})

    def test_nothing(self):
        self.assertEqual(
            self.ireneo("calls", "other.", "--csv").text,
            "key,function,version,seed,result,seconds,hits,created\r\n")

    def test_damage_is_told_behind_a_complete_table(self):
        path = self.copy_of_sample()
        [call] = self.calls("sample.Ones")
        digest = call["result"]["digest"]
        flip_byte(blob_file(path, digest), 100)
        done = self.ireneo("calls", "--csv", store=path, status=1)
        rows = list(csv.DictReader(io.StringIO(done.text, newline="")))
        self.assertEqual(len(rows),
                         len(self.ireneo("calls", "--json").json))
        [ones] = [r for r in rows if r["function"] == "sample.Ones"]
        self.assertEqual(ones["result"], f"f64[?] {digest}")
        self.assert_error(done, digest, "damaged")

    def test_a_terminal_gets_nothing_that_it_obeys(self):
        try:
            leader, terminal = pty.openpty()
        except OSError as error:  # As in a chroot without /dev/pts.
            self.skipTest(f"there are no terminals here: {error}")
        try:
            self.ireneo("calls", "--csv", "sample.Greet", stdout=terminal)
        finally:
            os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(leader, 4096):
                shown += chunk
        except OSError:  # The end: nobody has the terminal open.
            pass
        os.close(leader)
        self.assert_printable(shown.replace(b"\r", b""))
        self.assertIn(rb"\x1b[31mred", shown)


if __name__ == "__main__":
    cli_testing.main()
