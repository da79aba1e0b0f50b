"""ireneo graph"""

import os
import re
import shutil
import subprocess

import cli_testing

REPORT = 'sample.Report "\\\n&amp; Gr\u00fc\u00dfe'
MODEL = 'the "model"\\'
STATEMENT = re.compile(
    r'{q}(?: -> {q})?(?: \[(.*)\])?;'.format(q=r'"((?:[^"\\]|\\.)*)"'))
ATTRIBUTE = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\w+))(?:, |$)')


def unquote(text):
    """What Graphviz shows for what stands between quotes."""
    shown = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)
    return shown.replace("&amp;", "&")


class Dot:
    """The nodes, by name, and the edges of a text in DOT."""

    def __init__(self, text):
        lines = [line for line in text.split("\n")
                 if not line.strip().startswith("//")]
        if (lines[0], lines[-2:]) != ("digraph lineage {", ["}", ""]):
            raise ValueError(text)
        self.nodes = {}
        self.edges = []
        for line in lines[1:-2]:
            if re.match(r"  (node|edge) \[", line):
                continue
            statement = STATEMENT.fullmatch(line[2:])
            if line[:2] != "  " or not statement:
                raise ValueError(line)
            name, head, attributes = statement.groups()
            attributes = attributes or ""
            found = list(ATTRIBUTE.finditer(attributes))
            if "".join(m[0] for m in found) != attributes:
                raise ValueError(line)
            values = {m[1]: unquote(m[2]) if m[2] is not None else m[3]
                      for m in found}
            if head is None:
                self.nodes[name] = values
            else:
                self.edges.append((name, head, values))


class GraphTest(cli_testing.CliTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = os.path.join(cls.folder, "lineage")
        (cls.load, cls.fit, cls.scale, cls.norm,
         cls.report) = cls.make_store("lineage", cls.store)

    def graph(self, *arguments, store=None):
        return self.ireneo("graph", *arguments, store=store or self.store)

    def dot(self, *arguments, **options):
        return Dot(self.graph(*arguments, **options).text)

    def edges(self, dot):
        return {(a, b, values.get("label")) for a, b, values in dot.edges}

    def test_calls_and_data(self):
        dot = self.dot("sample.Report")
        self.assertEqual(set(dot.nodes), {self.load, self.fit, self.scale,
                                          self.norm, self.report})
        self.assertEqual(self.edges(dot), {
            (self.fit, self.scale, None), (self.fit, self.norm, None),
            (self.load, self.fit, "weights"), (self.load, self.scale, "v"),
            (self.fit, self.report, MODEL), (self.scale, self.report, MODEL)})
        for key, _, values in dot.edges:
            self.assertEqual(values.get("style"),
                             "dashed" if "label" in values else None)
            self.assertEqual(
                values.get("tooltip"),
                "also the result of 1 other call of sample.Load"
                if key == self.load else None)

    def test_labels(self):
        nodes = self.dot().nodes
        self.assertEqual(nodes[self.load]["label"].split("\n"),
                         ["sample.Load", self.load[5:17], "count=100"])
        self.assertEqual(nodes[self.fit]["label"].split("\n")[2],
                         "weights=f64[?] tolerance=0.25")
        for key, values in nodes.items():
            self.assertEqual(values["tooltip"].split("\n")[0], key)

    def test_names_are_quoted(self):
        label = self.dot().nodes[self.report]["label"].split("\n")
        # The new line in the name is an escape, as everywhere.
        self.assertEqual(label[0], REPORT.replace("\n", r"\n"))
        self.assertEqual(label[2],
                         MODEL + r'=f64[?] title="\" \\ {a}|<b>\n"')
        self.assert_printable(self.graph().stdout)

    def test_long_labels_are_cut(self):
        path = os.path.join(self.folder, "versions")
        keys = self.make_store("versions", path)
        nodes = self.dot(store=path).nodes
        self.assertEqual(set(nodes), set(keys))
        for values in nodes.values():
            self.assertLessEqual(
                max(map(len, values["label"].split("\n"))), 48)
        self.assertEqual(nodes[keys[4]]["label"].split("\n")[2],
                         "seed 18446744073709551615")

    def test_what_was_forgotten_is_gray(self):
        node = self.dot().nodes[self.norm]
        self.assertEqual(node["label"], "forgotten\n" + self.norm[5:17])
        self.assertEqual((node["style"], node["color"]), ("dashed", "gray"))

    def test_a_function_and_what_it_comes_from(self):
        for function, keys in (
                ("sample.Scale", {self.load, self.scale}),
                ("sample.Fit", {self.load, self.scale, self.norm, self.fit}),
                ("sample.Li", set())):
            self.assertEqual(set(self.dot(function).nodes), keys)

    def test_what_a_function_is_used_for_is_not_shown(self):
        nodes = self.dot("sample.Load").nodes
        self.assertEqual(len(nodes), 2)
        self.assertIn(self.load, nodes)

    def test_recursion(self):
        dot = self.dot("sample.Fibonacci")
        self.assertEqual(len(dot.nodes), 14)
        self.assertEqual(len(dot.edges), 24)
        self.assertEqual({label for _, _, label in self.edges(dot)}, {None})

    def test_order_is_that_of_age_and_always_the_same(self):
        nodes = list(self.dot().nodes)
        calls = self.ireneo("calls", "--json", store=self.store).json
        self.assertEqual(nodes[:-1], [c["key"] for c in reversed(calls)])
        self.assertEqual(nodes[-1], self.norm)
        self.assertEqual(self.graph().stdout, self.graph().stdout)

    def test_nothing(self):
        path = os.path.join(self.folder, "empty")
        self.make_store("empty", path)
        for arguments in ((), ("sample.",)):
            done = self.graph(*arguments, store=path)
            self.assertEqual(Dot(done.text).nodes, {})
            self.assertIn("// No such calls", done.text)
            self.assertEqual(self.graph("--json", *arguments, store=path).json,
                             {"nodes": [], "edges": []})

    def test_json(self):
        dot = self.dot()
        graph = self.graph("--json").json
        self.assertEqual([n["key"] for n in graph["nodes"]], list(dot.nodes))
        self.assertEqual([(e["from"], e["to"]) for e in graph["edges"]],
                         [(a, b) for a, b, _ in dot.edges])
        nodes = {n["key"]: n for n in graph["nodes"]}
        self.assertEqual(nodes[self.norm],
                         {"key": self.norm, "forgotten": True})
        fit = nodes[self.fit]
        self.assertEqual(
            list(fit), ["key", "forgotten", "function", "version", "seed",
                        "arguments", "result", "elapsed_seconds",
                        "created_at"])
        self.assertEqual((fit["function"], fit["forgotten"], fit["seed"]),
                         ("sample.Fit", False, None))
        weights, tolerance = fit["arguments"]
        self.assertEqual((weights["name"], weights["value"]),
                         ("weights", None))
        self.assertEqual((tolerance["type"], tolerance["value"]),
                         ("f64", 0.25))
        self.assertEqual(weights["digest"],
                         nodes[self.load]["result"]["digest"])
        self.assertIn({"kind": "call", "from": self.fit, "to": self.scale},
                      graph["edges"])
        self.assertIn({"kind": "data", "from": self.load, "to": self.fit,
                       "argument": "weights", "position": 0, "others": 1},
                      graph["edges"])
        self.assertIn({"kind": "data", "from": self.fit, "to": self.report,
                       "argument": MODEL, "position": 0, "others": 0},
                      graph["edges"])
        self.assertEqual(nodes[self.report]["function"], REPORT)

    def test_dot_takes_it(self):
        dot = shutil.which("dot")
        if dot is None:
            self.skipTest("Graphviz is not installed")
        done = subprocess.run([dot, "-Tsvg"], input=self.graph().stdout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=True)
        self.assertEqual(done.stderr, b"")
        svg = done.stdout.decode()
        self.assertIn("Gr\u00fc\u00dfe", svg)
        self.assertEqual(svg.count('class="node"'), len(self.dot().nodes))


if __name__ == "__main__":
    cli_testing.main()
