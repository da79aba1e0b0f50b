"""Bytes per second of what joblib does to a matrix: hashing, compressing."""

# pylint: disable=import-outside-toplevel

import io

import numpy

import timing

HASHED = (1 << 20, 64 << 20)
FIELD = 64 << 20


def field(size):
  """As Field() of benchmarks/compression_benchmark.cc."""
  row = 4096
  i = numpy.arange(size // 8)
  x = i % row / row
  y = i // row / row
  return (numpy.sin(9 * x + 2 * y) * numpy.exp(-3 * y) +
          numpy.cos(5 * x * y + 1) + 0.1 * x)


def measure_hash(peer, directory, report, options):
  import joblib
  del peer, directory
  for size in HASHED:
    name = f"HashMatrix/{size}"
    if size <= options.max_bytes and report.wants(name):
      a = numpy.random.default_rng(1).random((size // 8192, 1024))
      seconds = timing.median(lambda a=a: timing.time_call(joblib.hash, a))
      report.add(name, seconds, label="joblib.hash",
                 bytes_per_second=size / seconds)


def measure_compression(peer, directory, report, options):
  """Into memory and from there."""
  import joblib
  del peer, directory
  names = f"CompressField/{FIELD}", f"DecompressField/{FIELD}"
  if FIELD > options.max_bytes or not report.wants(*names):
    return
  payload = field(FIELD)
  file = io.BytesIO()

  def compress():
    file.seek(0)
    joblib.dump(payload, file, compress=3)

  def decompress():
    file.seek(0)
    joblib.load(file)

  for name, function in zip(names, (compress, decompress)):
    seconds = timing.time_call(function)
    report.add(name, seconds, bytes_per_second=FIELD / seconds,
               file=len(file.getbuffer()) / FIELD)
