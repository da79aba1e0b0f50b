"""Makes a page with tables and charts of what run.py and behaviour.py wrote.

  page.py RESULTS [PAGE]

PAGE is docs/benchmarks.md, say; the charts go into a directory beside it that
has its name. Without PAGE, prints the tables as text.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

from rows import REASONS, TABLES

OURS = "Ireneo"
MARK = " ▼"  # Of what is behind,
MARKED = 2  # if it was measured as often: one value does not tell its noise.


def noise(values):
  """Half the distance between the quartiles, of few values between the ends."""
  if len(values) < 4:
    return (max(values) - min(values)) / 2
  quartiles = statistics.quantiles(values, n=4)
  return (quartiles[2] - quartiles[0]) / 2


class Measured:
  """The values of a row, ours or a peer's."""

  def __init__(self, row):
    self.what = row["what"]
    self.peer = row["peer"]
    self.size = tuple(row["size"])
    self.error = row.get("error")
    self.values = row["values"]
    self.file = row.get("file")
    if self.values:
      self.median = statistics.median(self.values)
      self.spread = noise(self.values)


def read_results(directory):
  """(what, size) -> peer -> Measured; "" is ours."""
  results = {}
  for path in sorted(directory.glob("*.json")):
    for row in json.loads(path.read_text(encoding="utf-8")).get("rows", ()):
      measured = Measured(row)
      rows = results.setdefault((measured.what, measured.size), {})
      rows[measured.peer] = measured
  return results


def digits(value):
  rounded = float(f"{value:.3g}")
  return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def time_text(seconds):
  for unit, factor in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
    if seconds >= factor:
      return f"{digits(seconds / factor)} {unit}"
  return f"{digits(seconds / 1e-9)} ns"


def bytes_text(size):
  for unit, factor in (("MB", 1e6), ("KB", 1e3)):
    if size >= factor:
      return f"{digits(size / factor)} {unit}"
  return f"{digits(size)} B"


def value_text(value, kind):
  if kind == "size":
    return bytes_text(value)
  if kind == "rate":
    return f"{digits(1 / value)}/s"
  return time_text(value)


def size_text(what, size):
  """What stands behind a row's label."""
  if not size:
    return ""
  if what.startswith(("Thread", "Process")):
    return f"{size[0]}"
  if what in ("Open", "LookUp", "Functions", "Stats", "RecordSize",
              "CollectFiles", "CollectRecords", "ExportTiny", "ImportTiny"):
    return f"{size[0]:,}"
  return " + ".join(binary_text(part) for part in size)


def binary_text(size):
  for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
    if size % factor == 0:
      return f"{size // factor} {unit}"
  return f"{size} B"


def cell_text(measured, kind):
  text = value_text(measured.median, kind)
  if measured.spread:
    text += f" ±{measured.spread / measured.median:.0%}"
  if measured.file:
    text += f" ({statistics.median(measured.file):.2f})"
  return text


def is_behind(ours, theirs):
  """By more than what both vary by, and than what three digits show."""
  if min(len(ours.values), len(theirs.values)) < MARKED:
    return False
  return (ours.median > 1.01 * theirs.median
          and ours.median - ours.spread > theirs.median + theirs.spread)


def reason_of(ours, peer=""):
  """The most particular one there is."""
  for key in ((ours.what, peer, *ours.size), (ours.what, peer),
              (ours.what, *ours.size), ours.what):
    if key in REASONS:
      return REASONS[key]
  return None


class TableText:
  """A table's cells, and what is to be said below it."""

  def __init__(self, table, results):
    self.table = table
    self.reasons = {}
    self.others = []
    rows = [(row, size, peers) for row in table.rows
            for (what, size), peers in sorted(results.items())
            if what == row.what and "" in peers]
    self.rows = [entry for entry in rows if entry[2][""].values]
    names = {peer for _, _, peers in self.rows for peer in peers if peer}
    limits = [name for name in table.limits if name in names]
    # Ours stands beside whatever it was measured with, the limits last.
    self.peers = sorted(names - set(limits)) + limits
    self.with_target = any(row.targets for row, _, _ in self.rows)

  def header(self):
    return (["", OURS]
            + [f"*{peer}*" if peer in self.table.limits else peer
               for peer in self.peers]
            + (["target"] if self.with_target else []))

  def cells(self, row, size, peers, results):
    ours = peers[""]
    cells = [f"{row.label} {size_text(row.what, size)}".strip(),
             cell_text(ours, row.kind)]
    for name in self.peers:
      cells.append(self.peer_cell(row, ours, peers.get(name)))
    if self.with_target:
      cells.append(self.target_cell(row, ours, peers, results))
    return cells

  def peer_cell(self, row, ours, theirs):
    if theirs is None:
      return ""
    if not theirs.values:
      self.note(f"{label(row, ours)}, {theirs.peer}: {theirs.error}.")
      return "–"
    ratio = theirs.median / ours.median
    times = f"{ratio:,.0f}" if ratio >= 99.5 else f"{ratio:.2g}"
    text = f"{cell_text(theirs, row.kind)} · {times}×"
    is_limit = theirs.peer in self.table.limits
    if is_behind(ours, theirs) and (not is_limit or ratio < 0.5):
      text += MARK
      self.explain(row, ours, theirs.peer,
                   "is far from" if is_limit else "is behind")
    return text

  def target_cell(self, row, ours, peers, results):
    texts = []
    for text, is_met in targets(row, ours, peers, results):
      if not is_met:
        text += " missed"
        if len(ours.values) >= MARKED:
          text += MARK
          self.explain(row, ours, "", "misses its target")
      texts.append(text)
    return ", ".join(texts)

  def explain(self, row, ours, peer, how):
    reason = reason_of(ours, peer)
    if reason is None:
      print(f"page: no reason is known why {label(row, ours)} {how} {peer}",
            file=sys.stderr)
      reason = "The reason is not known."
    said = how + (f" {peer}" if peer else "")
    subjects = self.reasons.setdefault((said, reason), [])
    if label(row, ours) not in subjects:
      subjects.append(label(row, ours))

  def note(self, text):
    if text not in self.others:
      self.others.append(text)

  @property
  def notes(self):
    """What has the same reason, together."""
    return [f"**{'; '.join(subjects)}** {said}. {reason}"
            for (said, reason), subjects in self.reasons.items()] + self.others

  def lines(self, results):
    return [self.cells(row, size, peers, results)
            for row, size, peers in self.rows]


def label(row, ours):
  return f"{row.label} {size_text(row.what, ours.size)}".strip()


def targets(row, ours, peers, results):
  """What each target says, and whether it is met."""
  wanted = row.targets
  if "most" in wanted:
    yield f"≤ {value_text(wanted['most'], row.kind)}", (
        ours.median <= wanted["most"])
  if "least" in wanted:
    yield f"≥ {digits(wanted['least'])}/s", 1 / ours.median >= wanted["least"]
  for peer, factor in {
      **wanted.get("peers", {}),
      **wanted.get("peers_at", {}).get(ours.size[0] if ours.size else 0, {}),
  }.items():
    if peer in peers and peers[peer].values:
      yield f"≥ {factor:g}× {peer}", (
          peers[peer].median / ours.median >= factor)
  for peer, seconds in wanted.get("over", {}).items():
    if peer in peers and peers[peer].values:
      over = ours.median - peers[peer].median
      yield f"≤ {seconds:g} s more, is {over:.2g} s", over <= seconds
  if "ratio_to_smallest" in wanted:
    smallest = min((size for what, size in results if what == row.what))
    factor = wanted["ratio_to_smallest"]
    if ours.size != smallest:
      base = results[row.what, smallest][""]
      ratio = ours.median / base.median
      yield (f"≤ {factor:g}× that of {smallest[0]:,}, is {ratio:.2g}",
             ratio <= factor)


def markdown_table(header, rows):
  yield "| " + " | ".join(header) + " |"
  yield "|" + "---|" * len(header)
  for row in rows:
    yield "| " + " | ".join(row) + " |"


def text_table(header, rows):
  cells = [header, *rows]
  widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
  for row in cells:
    yield "  ".join(cell.ljust(width)
                    for cell, width in zip(row, widths)).rstrip()


def slug(title):
  return re.sub(r"[^a-z]+", "-", title.lower()).strip("-")


def about_text(machine):
  """What was measured where."""
  versions = ", ".join(f"{name} {version}"
                       for name, version in machine["versions"].items())
  kind = ("A quick run (`tools/benchmark --quick`): fewer sizes, each measured "
          "once, so that nothing is marked." if machine["quick"]
          else "All of `tools/benchmark`.")
  return (f"Measured on {machine['date']} in {machine['seconds'] / 60:.0f} min: "
          f"{machine['processor']}, {machine['cores']} cores, "
          f"{machine['memory'] / 2**30:.0f} GB, {machine['system']}, Linux "
          f"{machine['kernel']}, {machine['file system']}, at "
          f"{machine['commit']}. {kind} Versions: {versions}.")


def failure_lines(machine):
  """What is missing on the page."""
  for name, why in machine["failures"].items():
    last = why.splitlines()[-1] if why else "without a word"
    yield f"**`{name}` failed**, and rows of it may be missing: {last}"
    yield ""


INTRODUCTION = f"""# Benchmarks

Run them yourself: `tools/benchmark` installs what it needs, measures Ireneo
beside joblib, diskcache, SQLite, plain files and the limits of the machine, and
writes this page from `benchmarks/results/`.

All parts run in turn, most of them twice, some three or four times; what is
told is the median of these runs (of two, the mean), `±` half the distance
between the fastest and the slowest, of four runs between their quartiles. Each
run is itself a mean or a median of many calls where these are short. Two runs
say little about noise: what differs by a tenth here may not tomorrow.

`12×` behind a peer: that many times Ireneo's time. Columns in *italics* are no
caches but what is possible, or a cache without checks and records, written by
hand. {MARK.strip()}: a peer is ahead by more than both vary, Ireneo takes over
twice the time of the limit, or a target is missed, be it by less than the
noise; the reason is below the table. An empty cell: not measured; `–`: cannot
be done, as is said below the table. All that is read is in the page cache, and
nothing is synced to the disk call by call, by no side; SQLite's checkpoints do
sync, and fall into the times of all that use it.
"""


def behaviour_lines(behaviour):
  """What happens when ..."""
  caches = behaviour["caches"]
  rows = []
  for scenario in behaviour["scenarios"]:
    cells = [f"**{scenario['name']}**: {scenario['what']}"]
    for cache in caches:
      outcome = scenario["outcomes"].get(cache)
      cells.append(f"{outcome['verdict']}: {outcome['text']}" if outcome
                   else "")
    rows.append([cell.replace("|", "\\|").replace("\n", " ")
                 for cell in cells])
  yield "## What happens when"
  yield ""
  yield ("Seen by `benchmarks/behaviour/behaviour.py`, which does it to each "
         "cache in the same run. WRONG: a call returned a value that the "
         "function would not return. Verdicts on peers are on their plain use, "
         "as in `peers.py` there; what a manual has besides is in the cell. "
         "For edited functions, Ireneo's is on `cc_source_version`, the rule "
         "for Bazel that derives versions from sources; with versions by hand "
         "Ireneo is as stale as others, which stands beside it.")
  yield ""
  yield from markdown_table(["", *caches], rows)


def page_lines(results, machine, behaviour, charts):
  yield INTRODUCTION
  yield about_text(machine)
  yield ""
  yield from failure_lines(machine)
  if behaviour:
    yield from behaviour_lines(behaviour)
    yield ""
  for table in TABLES:
    text = TableText(table, results)
    if not text.rows:
      continue
    lines = text.lines(results)
    yield f"## {table.title}"
    yield ""
    yield table.about
    yield ""
    yield from markdown_table(text.header(), lines)
    yield ""
    for note in text.notes:
      yield f"- {note}"
    if text.notes:
      yield ""
    if table.title in charts:
      yield f"![{table.title}]({charts[table.title]})"
      yield ""


def read_json(path):
  return (json.loads(path.read_text(encoding="utf-8"))
          if path.exists() else None)


def print_tables(results):
  """Returns 1 if there is nothing to print."""
  found = False
  for table in TABLES:
    text = TableText(table, results)
    if not text.rows:
      continue
    found = True
    lines = text.lines(results)
    print(f"{table.title}\n")
    print("\n".join(text_table(text.header(), lines)), "\n")
    for note in text.notes:
      print(f"- {note}\n")
  if not found:
    print("page: nothing of Ireneo was measured: no row has such a name, or "
          "--quick leaves it out", file=sys.stderr)
    return 1
  print(f"12×: so many times Ireneo's time. *Limits* are no caches.{MARK}: "
        "behind, or a target missed. More: docs/benchmarks.md.")
  return 0


def main():
  parser = argparse.ArgumentParser()
  parser.add_argument("results", type=pathlib.Path)
  parser.add_argument("page", type=pathlib.Path, nargs="?")
  options = parser.parse_args()
  results = read_results(options.results)
  if options.page is None:
    sys.exit(print_tables(results))
  import charts  # Matplotlib is needed for pages only.
  pictures = options.page.parent / options.page.stem
  paths = charts.draw(results, pictures)
  lines = page_lines(results, read_json(options.results / "machine.json"),
                     read_json(options.results / "behaviour.json"),
                     {title: path.relative_to(options.page.parent)
                      for title, path in paths.items()})
  options.page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
  main()
