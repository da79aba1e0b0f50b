"""NumPy opens the blobs of a store: every scalar type, both storage orders.

And the other way: what NumPy saves is read as Eigen's types, whatever its
element type, byte order, storage order, format version and dimensions, if
every element has an exact value there.

usage: numpy_test.py WRITE_ARRAYS READ_ARRAYS IRENEO DIRECTORY
"""

import io
import itertools
import os
import re
import subprocess
import sys
import unittest

import numpy as np

WRITE_ARRAYS, READ_ARRAYS, IRENEO, DIRECTORY = sys.argv[1:5]
STORE = os.path.join(DIRECTORY, "store")


def expected(dtype, rows, cols, dimensions):
    """What write_arrays.cc puts at row i, column j."""
    i, j = np.ogrid[:rows, :cols]
    if dimensions == 3:
        i, j, k = np.ogrid[:rows, :cols, :rows + cols]
        j = j + k
    n = (7 * i + 3 * j) % 100
    kind = np.dtype(dtype).kind
    if kind == "b":
        return n % 2 == 1
    if kind == "c":
        return ((n - 50) + 1j * (j - i)).astype(dtype)
    return (n if kind == "u" else n - 50).astype(dtype)


# Types of read_arrays.cc, and an array for each of its forms.
TARGETS = ["bool", "int8", "int64", "uint16", "float16", "float32", "float64",
           "complex128"]
SHAPES = {"vector": (5,), "matrix": (3, 70), "tensor0": (),
          "tensor3": (2, 3, 4), "tensor4": (2, 1, 3, 2)}
SOURCES = ["|b1", "|i1", "|u1"] + [
    order + kind for order in "<>" for kind in
    ["i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]]


def saved(array, version):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


class NumpyTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        out = subprocess.run([WRITE_ARRAYS, STORE], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        cls.arrays = [line.split() for line in out.splitlines()]

    def check(self, array, dtype, order, rows, cols, dimensions):
        rows, cols, dimensions = int(rows), int(cols), int(dimensions)
        self.assertEqual(array.dtype, np.dtype(dtype))
        self.assertTrue(array.dtype.isnative)
        values = expected(dtype, rows, cols, dimensions)
        if dimensions == 1:
            values = values.ravel()
        self.assertEqual(array.shape, values.shape)
        self.assertTrue(array.flags[order + "_CONTIGUOUS"])
        np.testing.assert_array_equal(array, values)

    def test_large_blobs_are_mapped_in_place(self):
        seen = set()
        for path, _, dtype, order, *rest in self.arrays:
            if not os.path.exists(path):
                continue
            with self.subTest(dtype=dtype, order=order, shape=rest):
                array = np.load(path, mmap_mode="r")
                self.assertIsInstance(array, np.memmap)
                self.check(array, dtype, order, *rest)
                seen.add((dtype, order))
        self.assertEqual(len(seen), 2 * 14)

    def test_small_blobs_come_out_of_the_command(self):
        seen = set()
        for path, digest, dtype, order, *rest in self.arrays:
            if os.path.exists(path):
                continue
            with self.subTest(dtype=dtype, order=order, shape=rest):
                payload = subprocess.run(
                    [IRENEO, "--store", STORE, "cat", digest], check=True,
                    stdout=subprocess.PIPE).stdout
                self.check(np.load(io.BytesIO(payload)), dtype, order, *rest)
                seen.add((dtype, order))
        self.assertEqual(len(seen), 2 * 14)

    def read(self, cases):
        """What read_arrays makes of pairs of a type and the bytes of a file."""
        args = []
        for i, (type_name, payload) in enumerate(cases):
            path = os.path.join(DIRECTORY, "%d.npy" % i)
            with open(path, "wb") as file:
                file.write(payload)
            args += [type_name, path]
        return subprocess.run([READ_ARRAYS] + args, check=True, text=True,
                              stdout=subprocess.PIPE).stdout.splitlines()

    def test_saved_arrays_are_read(self):
        names, cases, canonical = [], [], []
        for target, shape, dtype, order, version in itertools.product(
                TARGETS, SHAPES, SOURCES, "CF", [(1, 0), (2, 0), (3, 0)]):
            form = SHAPES[shape]
            count = int(np.prod(form))
            values = (np.arange(count) % 2).reshape(form)
            array = np.asarray(values.astype(dtype), order=order)
            names.append((target, shape, dtype, order, version))
            cases.append((target + "_" + shape, saved(array, version)))
            canonical.append((target + "_" + shape, saved(np.asarray(
                values.astype(target),
                order="C" if shape == "tensor4" else "F"), (1, 0))))
        digests = self.read(cases)
        self.assertEqual(len(digests), len(cases))
        for name, digest, same in zip(names, digests, self.read(canonical)):
            with self.subTest(case=name):
                self.assertRegex(digest, "^xxh3:")
                self.assertEqual(digest, same)

    def test_values_without_a_counterpart_are_refused(self):
        cases = [
            ("float64_vector", np.array([0, 2**53 + 1])),
            ("float64_vector", np.array([2**64 - 1], dtype="u8")),
            ("int64_vector", np.array([2**64 - 1], dtype="u8")),
            ("uint16_vector", np.array([-1])),
            ("uint16_vector", np.array([65536])),
            ("int8_vector", np.array([-0.0])),
            ("int8_vector", np.array([np.nan])),
            ("int64_vector", np.array([0.5], dtype=">f4")),
            ("float32_vector", np.array([0.1])),
            ("float16_vector", np.array([65520.0])),
            ("float64_vector", np.array([1 + 1j])),
            ("bool_vector", np.array([2])),
        ]
        lines = self.read([(name, saved(a, (1, 0))) for name, a in cases])
        for (name, array), line in zip(cases, lines):
            with self.subTest(name=name, array=array):
                self.assertRegex(line, "^DATA_LOSS: npy: expected eigen<.*, "
                                 r"found .* with .* at \[\d\], which is no ")

    def test_values_at_the_edge_are_read(self):
        cases = [
            ("float64_vector", np.array([2**53, -2**63])),
            ("float64_vector", np.array([2**63], dtype=">u8")),
            ("float32_vector", np.array([np.nan, np.inf, -0.0, 2.0**-149])),
            ("float16_vector", np.array([65504.0, 2.0**-24, -np.inf])),
            ("complex128_vector", np.array([0.1, -0.0], dtype=">f8")),
            ("float64_vector", np.array([0.1 + 0j])),
            ("int64_vector", np.array([-2.0**63])),
        ]
        same = [(name, a.astype(name.split("_")[0])) for name, a in cases]
        self.assertEqual(
            self.read([(name, saved(a, (1, 0))) for name, a in cases]),
            self.read([(name, saved(a, (1, 0))) for name, a in same]))

    def test_other_dtypes_are_refused_by_name(self):
        arrays = [
            np.zeros(2, np.longdouble), np.zeros(2, np.clongdouble),
            np.array(["ab"]), np.array([b"ab"]), np.zeros(2, "M8[ns]"),
            np.zeros(2, "V2"), np.zeros(2, [("a", "<f8"), ("b", "<i4")]),
            np.array([None]),
        ]
        lines = self.read([("float64_vector", saved(a, None)) for a in arrays])
        for array, line in zip(arrays, lines):
            with self.subTest(dtype=array.dtype):
                self.assertRegex(line, "^DATA_LOSS: npy: expected ")
                kind = "'\\['" if array.dtype.names else (
                    "'.O'" if array.dtype.kind == "O" else
                    re.escape(array.dtype.str[1:]))
                self.assertRegex(line, "found .*" + kind)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
