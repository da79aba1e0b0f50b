"""No block of code in docs/ is left out of the tests; tables and links hold."""

import json
import re
import unittest

import pages

# Run by console_test.py.
RUN_THERE = {"console", "python"}
# That of the guide is for people: it needs a second user. Those of sharing.md
# are run by tests/tools/registry_test.py, as they need a registry.
NOT_RUN = {"guide.md": {"sh": 1}, "sharing.md": {"sh": 3}}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class BlocksTest(unittest.TestCase):

    def test_each_block_is_in_a_test(self):
        listed = json.loads(read("tests/docs/blocks.json"))
        self.assertEqual(sorted(listed),
                         sorted(path[len("docs/"):] for path in pages.paths()))
        for page, languages in listed.items():
            expected = {name: len(names) for name, names in languages.items()}
            expected.update(NOT_RUN.get(page, {}))
            found = {}
            for language, _ in pages.blocks("docs/" + page):
                if language not in RUN_THERE | {"starlark"}:
                    found[language] = found.get(language, 0) + 1
            self.assertEqual(found, expected, page)

    def test_each_file_of_a_block_is_used(self):
        sources = read("tests/docs/guide_test.cc") + read(
            "tests/docs/keys_test.cc")
        programs = re.findall(r'"(\w+)",?\n', read("tests/docs/BUILD"))
        listed = json.loads(read("tests/docs/blocks.json"))
        for languages in listed.values():
            for name in sum(languages.values(), []):
                if name.endswith(".cc"):
                    self.assertIn(name[:-3], programs)
                elif name.endswith(".inc"):
                    self.assertIn(f'#include "tests/docs/{name}"', sources)
                else:
                    self.assertIn(f'"tests/docs/{name}"', sources)

    def test_build_files_are_those_that_are_built(self):
        built = read("tests/docs/acme/BUILD").splitlines()
        for path in pages.paths():
            for language, block in pages.blocks(path):
                if language != "starlark":
                    continue
                for part in "\n".join(block).split("\n\n"):
                    self.assertIn(part, "\n".join(built), path)

    def test_the_table_of_versions_is_that_of_the_test(self):
        tested = re.findall(r'^    {"\w+", +{(.*)}},$',
                            read("tests/versions/versions_test.cc"), re.M)
        tested = [re.findall(r'"(\w+)"', row) for row in tested]
        self.assertEqual(len(tested), 12)
        rows = [
            re.sub(r"[* ¹²]", "", line).strip("|").split("|")[1:]
            for line in pages.prose("docs/guide.md")
            if re.search(r"\| (hit|miss)[ ¹²]*\|$", line)
        ]
        self.assertEqual(rows, tested)

    def test_links_within_the_pages_lead_somewhere(self):
        anchors = {}
        for path in pages.paths():
            headings = [
                line.lstrip("# ")
                for line in pages.prose(path)
                if line.startswith("#")
            ]
            anchors[path[len("docs/"):]] = {
                re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                for heading in headings
            }
        for page in anchors:
            text = "\n".join(pages.prose("docs/" + page))
            for target in re.findall(r"\]\(([^)]*)\)", text):
                file, _, anchor = target.partition("#")
                if file.startswith("../"):
                    continue
                self.assertIn(file or page, anchors)
                if anchor:
                    self.assertIn(anchor, anchors[file or page], page)


if __name__ == "__main__":
    unittest.main()
