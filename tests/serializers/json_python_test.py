"""Python's json module, an independent reader, agrees on what a text says.

usage: json_python_test.py CANONICAL_JSON DOCUMENTS
"""

import json
import random
import struct
import subprocess
import sys
import unittest
import urllib.parse

CANONICAL_JSON, DOCUMENTS = sys.argv[1:3]


def canonical(texts):
    """The canonical text of each text, or "error: ..."."""
    lines = b"".join(urllib.parse.quote_from_bytes(text).encode() + b"\n"
                     for text in texts)
    out = subprocess.run([CANONICAL_JSON], check=True, input=lines,
                         stdout=subprocess.PIPE).stdout
    return out.decode().split("\n")[:-1]


def documents(kind):
    with open(DOCUMENTS, encoding="ascii") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, text, _ = line.rstrip("\n").split("\t")
                if name.lstrip("i")[0] == kind:
                    yield name, urllib.parse.unquote_to_bytes(text)


def has_double(value):
    if isinstance(value, dict):
        return any(map(has_double, value.values()))
    if isinstance(value, list):
        return any(map(has_double, value))
    return isinstance(value, float)


def random_string(rng):
    alphabets = ("ab", "\"\\/ \b\f\n\r\t\0\x01\x1f\x7f", "\u00e4\u20ac\uffff",
                 "\U00010000\U0001d11e\U0010ffff", "\u2028\ufeff\ud7ff\ue000")
    return "".join(rng.choice(rng.choice(alphabets))
                   for _ in range(rng.randrange(8)))


def random_double(rng):
    while True:
        value = rng.choice((
            struct.unpack("<d", rng.randbytes(8))[0],
            rng.uniform(-100, 100),
            round(rng.uniform(-1000, 1000), 2),
            float(rng.randrange(-10**6, 10**6)),
            rng.choice((0.0, -0.0, 5e-324, 1e22, 1e23, 0.1))))
        if abs(value) < float("inf"):
            return value


def random_value(rng, depth):
    kind = rng.randrange(7 if depth > 0 else 5)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind == 1:
        return rng.choice((rng.randrange(-2**63, 2**64), rng.randrange(-9, 9)))
    if kind == 2:
        return random_double(rng)
    if kind in (3, 4):
        return random_string(rng)
    count = rng.randrange(5)
    if kind == 5:
        return [random_value(rng, depth - 1) for _ in range(count)]
    return {random_string(rng): random_value(rng, depth - 1)
            for _ in range(count)}


class JsonPythonTest(unittest.TestCase):

    def check(self, text, ours):
        value = json.loads(text)
        # The text of a value tells 1 from 1.0 and 0.0 from -0.0.
        self.assertEqual(repr(sorted_members(json.loads(ours))),
                         repr(sorted_members(value)))
        # Python spells doubles in its own way, all else as we do.
        if not has_double(value):
            self.assertEqual(ours, dumped(value))

    def test_documents(self):
        names, texts = zip(*documents("y"))
        self.assertGreater(len(texts), 100)
        for name, text, ours in zip(names, texts, canonical(texts)):
            with self.subTest(name):
                self.check(text, ours)

    def test_what_python_refuses_is_refused(self):
        names, texts = zip(*documents("n"))
        refused = 0
        for name, text, ours in zip(names, texts, canonical(texts)):
            with self.subTest(name):
                self.assertTrue(ours.startswith("error: "), ours)
            try:
                json.loads(text.decode())
            except ValueError:
                refused += 1
        # The others: duplicate names, lone surrogates, NaN, large numbers.
        self.assertGreater(refused, 200)

    def test_random_values(self):
        rng = random.Random(20240229)
        texts = []
        for _ in range(3000):
            texts.append(json.dumps(
                random_value(rng, depth=4),
                ensure_ascii=rng.random() < 0.5,
                indent=rng.choice((None, None, 1)),
                separators=rng.choice(((",", ":"), (" , ", " :\t")))).encode())
        for text, ours in zip(texts, canonical(texts), strict=True):
            self.check(text, ours)


def sorted_members(value):
    if isinstance(value, dict):
        return {k: sorted_members(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return list(map(sorted_members, value))
    return value


def dumped(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False,
                      separators=(",", ":"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
