"""NumPy opens the blobs of a store: every scalar type, both storage orders.

usage: numpy_test.py WRITE_ARRAYS IRENEO DIRECTORY
"""

import io
import os
import subprocess
import sys
import unittest

import numpy as np

WRITE_ARRAYS, IRENEO, DIRECTORY = sys.argv[1:4]
STORE = os.path.join(DIRECTORY, "store")


def expected(dtype, rows, cols):
    """What write_arrays.cc puts at row i, column j."""
    i, j = np.ogrid[:rows, :cols]
    n = (7 * i + 3 * j) % 100
    kind = np.dtype(dtype).kind
    if kind == "b":
        return n % 2 == 1
    if kind == "c":
        return ((n - 50) + 1j * (j - i)).astype(dtype)
    return (n if kind == "u" else n - 50).astype(dtype)


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
        values = expected(dtype, rows, cols)
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


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
