"""Runs what the pages of docs/ have in shells and in Python.

    console_test.py PROGRAM...

Each page has a folder of its own, in which the programs are, and its blocks
are run in order. A command must succeed and, if the page shows output, print
that: times and ages may differ, and what depends on them (sizes and digests of
archives), keys for signatures, where the folder is, and blanks that align.

`ssh HOST COMMAND...` runs the command in a folder that stands for the host's.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import pages

SSH = """#!/bin/sh
mkdir -p "hosts/$1" && cd "hosts/$1" && shift && exec sh -c "$*"
"""

PROGRAMS = [os.path.abspath(program) for program in sys.argv[1:]]


def alike(text):
    text = re.sub(r"\b[0-9.]+(e[+-]\d+)? (ns|us|ms|s|min)\b", "TIME", text)
    text = re.sub(r"\b[0-9-]{10} [0-9:]{8} UTC\b", "DATE", text)
    text = re.sub(r"\bsha256:[0-9a-f]{64}\b", "DIGEST", text)
    text = re.sub(r"(\.tar, )[0-9.]+ KiB\b", r"\1SIZE", text)
    text = re.sub(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=", "KEY", text)
    text = re.sub(r"(made the store )/.*/", r"\1/", text)
    text = re.sub(r" (now|TIME)$", " AGE", text, flags=re.M)
    return re.sub(r" +", " ", text).strip()


class ConsoleTest(unittest.TestCase):

    def run_command(self, command, folder, **options):
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={
                                  "LC_ALL": "C.UTF-8",
                                  "PATH": folder + ":/usr/bin:/bin"
                              }, check=False, **options)
        output = done.stdout.decode()
        self.assertEqual(done.returncode, 0, f"{command}:\n{output}")
        return output

    def run_console(self, block, folder):
        commands = []
        for line in block:
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        for command, expected in commands:
            output = self.run_command(["bash", "-c", command], folder)
            if expected:
                self.assertEqual(alike(output), alike("\n".join(expected)),
                                 f"{command}:\n{output}")

    def test_all_pages(self):
        ran = 0
        for path in pages.paths():
            with tempfile.TemporaryDirectory(
                    dir=os.environ.get("TEST_TMPDIR")) as folder, self.subTest(
                        path):
                for program in PROGRAMS:
                    os.symlink(program,
                               os.path.join(folder, os.path.basename(program)))
                ssh = os.path.join(folder, "ssh")
                with open(ssh, "w", encoding="utf-8") as file:
                    file.write(SSH)
                os.chmod(ssh, 0o755)
                for language, block in pages.blocks(path):
                    if language == "console":
                        self.run_console(block, folder)
                        ran += 1
                    elif language == "python":
                        output = self.run_command(
                            ["/usr/bin/python3", "-c", "\n".join(block)],
                            folder)
                        self.assertNotEqual(output, "")
                        ran += 1
        self.assertGreater(ran, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
