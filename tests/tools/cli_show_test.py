"""ireneo show"""

import os

import cli_testing
from cli_testing import blob_file, damage_small_argument, flip_byte


class ShowTest(cli_testing.CliTest):

    def show(self, text, **options):
        return self.ireneo("show", text, "--json", **options).json

    def test_json_of_a_call(self):
        call = self.calls("sample.Counting")[1]
        shown = self.show(call["key"])
        self.assertEqual(shown["kind"], "call")
        for name in ("key", "function", "version", "salts", "hits",
                     "elapsed_seconds", "spent_seconds", "created_at",
                     "last_used_at", "environment", "environment_in_key",
                     "callee_versions", "seed", "callees"):
            self.assertEqual(shown[name], call[name])
        self.assertEqual(shown["conflicts"], [])
        result = shown["result"]
        self.assertEqual(result["file"],
                         blob_file(self.sample, result["digest"]))
        self.assertEqual(result["statistics"], {
            "count": 1600, "min": 0, "max": 1599, "mean": 799.5,
            "standard_deviation": result["statistics"]["standard_deviation"],
            "nans": 0, "infinities": 0, "of_magnitudes": False})
        self.assertAlmostEqual(result["statistics"]["standard_deviation"],
                               461.88, places=2)
        rows, _ = shown["arguments"]
        self.assertEqual((rows["name"], rows["preview"]), ("rows", 40))
        self.assertIsNone(rows["file"])
        self.assertIsNone(rows["statistics"])
        self.assertEqual(rows["result_of"], [])

    def test_text_of_a_call(self):
        [call] = self.calls("sample.Refine")
        text = self.ireneo("show", call["key"]).text
        for line in (f"call         {call['key']}",
                     "function     sample.Refine",
                     "salt         blas=openblas-0.3.21",
                     "salt         libm=2.36",
                     "hits         0",
                     "argument params",
                     "type         sample.Params/1{f64,i32}",
                     "value        [1e-09, 100]",
                     "result",
                     f"digest       {call['result']['digest']}",
                     "size         12 B"):
            self.assertIn(line, text.splitlines())
        self.assertRegex(text, r"(?m)^time +\d[\d.]* (ns|\u00b5s|ms|s)$")
        self.assertRegex(text, r"(?m)^remembering +\d[\d.]* (\u00b5s|ms)$")
        self.assertRegex(text, r"(?m)^created +\d{4}-\d\d-\d\d .* UTC, ")
        self.assertRegex(text, r"(?m)^environment +compiler .*, host ")
        for label in ("file ", "seed ", "callee", "in the key", "made calls",
                      "result of", "other results", "hits included"):
            self.assertNotIn(label, text)

    def test_seeds_callees_and_the_environment_in_the_key(self):
        path = os.path.join(self.folder, "versions")
        keys = self.make_store("versions", path)
        text = self.ireneo("show", keys[4], store=path).text
        self.assertIn("\nseed         18446744073709551615\n", text)
        text = self.ireneo("show", keys[6], store=path).text
        self.assertIn("\ncallee 1     2\ncallee 2     3\n", text)
        text = self.ireneo("show", keys[8], store=path).text
        self.assertIn("\nin the key   simd=avx2\n", text)

    def test_what_remembering_took_tells_of_hits(self):
        call = next(c for c in self.calls("sample.Square") if c["hits"] == 2)
        self.assertRegex(self.ireneo("show", call["key"]).text,
                         r"(?m)^remembering +\d.*, hits included$")

    def test_lineage(self):
        path = os.path.join(self.folder, "lineage")
        load, fit, scale, norm, report = self.make_store("lineage", path)
        text = self.ireneo("show", fit, store=path).text
        made = text[text.index("made calls"):text.index("argument")].split("\n")
        self.assertEqual(
            {line[13:] for line in made[:2]},
            {f"{scale[5:17]} of sample.Scale", f"{norm[5:17]} (forgotten)"})
        self.assertIn(f"\nresult of    call {load[5:17]} of sample.Load, as of "
                      "1 other call\n", text)
        shown = self.show(fit, store=path)
        self.assertEqual({(c["key"], c["function"]) for c in shown["callees"]},
                         {(scale, "sample.Scale"), (norm, None)})
        weights, tolerance = shown["arguments"]
        self.assertEqual(weights["result_of"],
                         [{"key": load, "function": "sample.Load",
                           "others": 1}])
        self.assertEqual(tolerance["result_of"], [])
        done = self.ireneo("show", report, store=path)
        self.assert_printable(done.stdout)
        self.assertIn(f"\nresult of    call {fit[5:17]} of sample.Fit\n"
                      f"             call {scale[5:17]} of sample.Scale\n",
                      done.text)
        # The value knows its calls, too.
        self.assertIn("result of sample.Load", self.ireneo(
            "show", weights["digest"], store=path).text)

    def test_other_results(self):
        path = os.path.join(self.folder, "dice")
        key, _, coin = self.make_store("dice", path)
        shown = self.show(key, store=path)
        [other] = shown["conflicts"]
        self.assertEqual(list(other), ["digest", "times", "first_seen_at"])
        self.assertEqual(other["times"], 2)
        self.assertEqual(shown["result"]["value"], [0, 0, 0])
        digest = other["digest"]
        self.assertNotEqual(digest, shown["result"]["digest"])
        text = self.ireneo("show", key, store=path).text
        self.assertRegex(
            text, r"\n\nother results of this call\n"
            rf"digest +{digest}\nvalue +f64\[3\]\n"
            r"seen +2 times, first \d{4}-.* UTC, .*\n"
            rf"see +ireneo show {digest[5:17]}, or ireneo get ")
        shown = self.show(digest[5:17], store=path)
        self.assertEqual(shown["values"][0]["value"], [1, 1, 1])
        self.assertEqual(shown["uses"], [
            {"key": key, "function": "sample.Dice", "role": "other result"}])
        # What came out again and was kept is no other one.
        shown = self.show(coin, store=path)
        self.assertIs(shown["result"]["value"], False)
        [other] = shown["conflicts"]
        shown = self.show(other["digest"], store=path)
        self.assertIn(True, [v["value"] for v in shown["values"]])

    def test_a_small_argument(self):
        [call] = self.calls("sample.Slow")
        digest = call["arguments"][0]["digest"]
        shown = self.show(digest)
        self.assertEqual((shown["kind"], shown["bytes"], shown["file"]),
                         ("blob", 8, None))
        [value] = shown["values"]
        self.assertEqual((value["type"], value["value"]), ("f64", 0.02))
        self.assertIn({"key": call["key"], "function": "sample.Slow",
                       "role": "argument seconds"}, shown["uses"])
        self.assertIn("value    0.02\nused as  argument seconds of sample.Slow, "
                      f"call {call['key'][5:17]}\n",
                      self.ireneo("show", digest[:13]).text)

    def test_a_damaged_small_argument(self):
        path = self.copy_of_sample()
        first, second = self.calls("sample.Power")
        damage_small_argument(path, first["key"])
        digest = first["arguments"][1]["digest"]
        done = self.ireneo("show", first["key"], store=path, status=1)
        self.assertIn("value        damaged", done.text)
        self.assertIn("value        10\n", done.text)
        self.assert_error(done, "argument exponent of call "
                          + first["key"][5:17], digest, "damaged")
        done = self.ireneo("calls", "sample.Power", store=path, status=1)
        self.assertIn("exponent=(damaged) f64", done.text)
        self.assertIn("exponent=3 ", done.text)
        self.assert_error(done, digest, "damaged")
        self.ireneo("show", second["key"], store=path)

    def test_text_of_a_matrix(self):
        small = self.calls("sample.Counting")[0]
        text = self.ireneo("show", small["key"]).text
        self.assertIn("value        [[0  1   2   3]\n"
                      "              [4  5   6   7]\n"
                      "              [8  9  10  11]]\n"
                      "             shape 3x4, min 0, max 11, mean 5.5, ", text)

    def test_lines_are_wrapped(self):
        call = self.calls("sample.Counting")[2]
        text = self.ireneo("show", call["key"], env={"COLUMNS": "60"}).text
        statistics = text[text.index("shape 400x400"):].splitlines()
        self.assertGreater(len(statistics), 1)
        self.assertLessEqual(max(map(len, statistics)), 60 - 13)

    def test_wide_matrices_lose_columns(self):
        call = self.calls("sample.Counting")[2]
        for columns, row in (
                (80, "159600  159601  159602  \u2026  159997  159998  159999"),
                (60, "159600  159601  \u2026  159998  159999"),
                (40, "159600  \u2026  159999")):
            lines = self.ireneo("show", call["key"],
                                env={"COLUMNS": str(columns)}).text.split("\n")
            self.assertIn(f"              [{row}]]", lines)

    def test_nan_is_null_in_json_statistics(self):
        [call] = self.calls("sample.Trace")
        statistics = self.show(call["key"])["arguments"][0]["statistics"]
        self.assertEqual((statistics["count"], statistics["nans"]), (4, 4))
        self.assertIsNone(statistics["mean"])

    def test_what_was_not_kept(self):
        [call] = self.calls("sample.Secret")
        text = self.ireneo("show", call["key"]).text
        self.assertIn("argument password\ntype         string\n", text)
        self.assertIn("value        not kept", text)
        self.assertNotIn("hunter2", text)

    def test_a_value_of_unknown_type_shows_its_bytes(self):
        [call] = self.calls("sample.Mesh")
        text = self.ireneo("show", call["key"]).text
        self.assertIn("there is no codec for 'sample.Mesh/1'", text)
        self.assertIn("0000  08 00 00 00 00 00 00 00  ........", text)
        self.assertIn("0008  74 72 69 61 6e 67 6c 65  triangle", text)

    def test_control_characters_are_escaped(self):
        calls = [c for c in self.ireneo("calls", "--json").json
                 if c["function"].startswith(("sample.Evil", "sample.Greet"))]
        self.assertEqual(len(calls), 3)
        for call in calls:
            for digest in (call["key"], call["result"]["digest"]):
                self.assert_printable(self.ireneo("show", digest).stdout)
                self.assert_printable(
                    self.ireneo("show", digest, "--json").stdout)

    def test_a_blob_knows_its_calls(self):
        [ones] = self.calls("sample.Ones")
        [also] = self.calls("sample.AlsoOnes")
        digest = ones["result"]["digest"]
        self.assertEqual(digest, also["result"]["digest"])
        shown = self.show(digest)
        self.assertEqual(
            list(shown), ["kind", "digest", "bytes", "file", "values", "uses",
                          "error"])
        self.assertEqual(shown["kind"], "blob")
        self.assertEqual(shown["bytes"], os.path.getsize(shown["file"]))
        [value] = shown["values"]
        self.assertEqual((value["type"], value["shape"]),
                         ("vector<f64>", [1000]))
        self.assertEqual(value["statistics"]["mean"], 1)
        self.assertEqual(
            sorted((u["function"], u["key"], u["role"])
                   for u in shown["uses"]),
            [("sample.AlsoOnes", also["key"], "result"),
             ("sample.Ones", ones["key"], "result")])
        text = self.ireneo("show", digest).text
        self.assertIn(f"result of sample.Ones, call {ones['key'][5:17]}\n",
                      text)
        self.assertIn("type     vector<f64>\n", text)
        self.assertIn("shape 1000, min 1, max 1, ", text)

    def test_a_blob_of_two_types(self):
        [call] = self.calls("sample.Signed")
        digest = call["result"]["digest"]
        shown = self.show(digest)
        self.assertEqual({v["type"]: v["preview"] for v in shown["values"]},
                         {"i64": 7, "u64": 7})
        self.assertEqual({u["role"] for u in shown["uses"]},
                         {"result", "argument #1"})
        text = self.ireneo("show", digest).text
        self.assertIn("type     i64\nvalue    7\n", text)
        self.assertIn("type     u64\nvalue    7\n", text)

    def test_a_blob_of_unknown_type(self):
        digest = self.loose_blobs[0]
        text = self.ireneo("show", digest).text
        self.assertIn("size   11 B\n", text)
        self.assertIn("unknown", text)
        self.assertIn("0000  00 01 02 ff 20 62 69 6e  .... bin\n", text)
        self.assertIn("0008  61 72 79                 ary\n", text)
        shown = self.show(digest)
        self.assertEqual((shown["values"], shown["uses"]), ([], []))

    def test_prefixes(self):
        key = self.calls("sample.Square")[0]["key"]
        for text in (key, key[5:], key[:17], key[5:17], key[5:17].upper(),
                     "XXH3:" + key[5:13]):
            self.assertEqual(self.show(text)["key"], key)

    def test_nothing_starts_so(self):
        key = self.calls("sample.Square")[0]["key"]
        wrong = key[5:-1] + ("0" if key[-1] != "0" else "1")
        self.assert_error(self.ireneo("show", wrong, status=1),
                          f"no call or blob starts with '{wrong}'",
                          "ireneo calls")

    def test_a_digest_that_is_only_on_record(self):
        [call] = self.calls("sample.Secret")
        digest = call["arguments"][0]["digest"]
        self.assert_error(self.ireneo("show", digest[:20], status=1), digest,
                          call["key"], "not kept")

    def test_ambiguous_prefixes_list_the_candidates(self):
        path = os.path.join(self.folder, "crowd")
        self.make_store("crowd", path)
        owners = {}
        for call in self.ireneo("calls", "--json", store=path).json:
            for kind, digest in (("call", call["key"]),
                                 ("blob", call["result"]["digest"])):
                owners.setdefault(digest[5:9], set()).add((kind, digest))
        shared = {prefix: owned for prefix, owned in owners.items()
                  if len(owned) > 1}
        both = [p for p in shared if len({k for k, _ in shared[p]}) == 2]
        calls = [p for p in shared if {k for k, _ in shared[p]} == {"call"}]
        self.assertTrue(both and calls, "make_store crowd is too small")
        for command in ("show", "cat"):
            for prefix in (both[0], calls[0]):
                self.assert_error(
                    self.ireneo(command, prefix, store=path, status=1),
                    f"'{prefix}' is ambiguous", "more digits",
                    *(f"{kind} {digest[5:17]}"
                      for kind, digest in shared[prefix]))
        for _, digest in shared[both[0]]:
            self.show(digest[5:17], store=path)

    def test_damage_is_told_behind_the_rest(self):
        call = self.calls("sample.Counting")[1]
        digest = call["result"]["digest"]
        for json_option in ([], ["--json"]):
            path = self.copy_of_sample()
            file = blob_file(path, digest)
            flip_byte(file, 2000)
            done = self.ireneo("show", call["key"], *json_option, store=path,
                               status=1)
            self.assertIn("rows", done.text)
            self.assert_error(done, "result of call " + call["key"][5:17],
                              digest, "damaged", "quarantine")
            if json_option:
                self.assertIn("damaged", done.json["result"]["error"])
                self.assertEqual(done.json["arguments"][0]["preview"], 40)
            else:
                self.assertIn("value        damaged", done.text)
            self.assertFalse(os.path.exists(file))
            # It is set aside now; the call still tells of it.
            done = self.ireneo("show", call["key"], store=path, status=1)
            self.assertIn("value        no longer there", done.text)
            self.assert_error(done, digest, "no longer in the store")
            done = self.ireneo("show", digest, store=path, status=1)
            self.assert_error(done, digest, call["key"], "no longer")

    def test_a_damaged_blob(self):
        [call] = self.calls("sample.Ones")
        digest = call["result"]["digest"]
        for change in (lambda file: flip_byte(file, 70), os.remove,
                       lambda file: (os.chmod(file, 0o644),
                                     os.truncate(file, 5000))):
            path = self.copy_of_sample()
            change(blob_file(path, digest))
            done = self.ireneo("show", digest, store=path, status=1)
            self.assertIn("type     vector<f64>", done.text)
            self.assertIn("sample.AlsoOnes", done.text)
            self.assert_error(done, digest, "damaged")

    def test_a_damaged_large_blob(self):
        call = self.calls("sample.Counting")[2]
        path = self.copy_of_sample()
        flip_byte(blob_file(path, call["result"]["digest"]), 1000000)
        # A list does not read it; a look does.
        self.ireneo("calls", "sample.Counting", store=path)
        self.ireneo("show", call["key"], store=path, status=1)


if __name__ == "__main__":
    cli_testing.main()
