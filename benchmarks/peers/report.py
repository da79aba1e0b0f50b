"""What was measured of a peer, written as Google Benchmark would.

Rows are given by the names of ours, What or What/SIZE; the peer's label goes
between: What/LABEL/SIZE.
"""

import json
import re


class Report:
  def __init__(self, label, regex):
    self._label = label
    self._wanted = re.compile(regex)
    self._rows = []

  def wants(self, *names):
    return any(self._wanted.search(name) for name in names)

  def add(self, name, seconds, label=None, **more):
    """`more` is what else is known: is_rate, bytes_per_second..."""
    self._add(name, label, time_unit="ns", real_time=seconds * 1e9, **more)

  def add_rate(self, name, seconds):
    self.add(name, seconds, is_rate=True)

  def add_size(self, name, size):
    self._add(name, time_unit="ns", real_time=size, is_size=True)

  def fail(self, name, reason):
    self._add(name, error_occurred=True, error_message=reason)

  def _add(self, name, label=None, **fields):
    if self.wants(name):
      what, *size = name.split("/")
      name = "/".join([what, label or self._label, *size])
      self._rows.append(
          {"name": name, "run_name": name, "run_type": "iteration"} | fields)

  def write(self, path, context):
    with open(path, "w", encoding="utf-8") as file:
      json.dump({"context": context, "benchmarks": self._rows}, file, indent=1)
