"""The blocks of code in the pages of docs/."""

import glob
import os


def paths():
    found = sorted(glob.glob("docs/*.md"))
    assert found, "no pages in " + os.getcwd()
    return found


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def blocks(path):
    """Pairs of a language and the lines of a block, in order."""
    found = []
    inside = False
    for number, line in enumerate(lines(path), 1):
        if not line.lstrip().startswith("```"):
            if inside:
                found[-1][1].append(line)
        elif inside:
            assert line == "```", f"{path}:{number}: {line}"
            inside = False
        else:
            found.append((line[3:] if line[0] == "`" else line, []))
            inside = True
    assert not inside, f"{path}: a block has no end"
    return found


def prose(path):
    """The lines outside of blocks."""
    found = []
    inside = False
    for line in lines(path):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            found.append(line)
    return found
