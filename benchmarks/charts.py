"""Charts of the benchmarks' tables, on logarithmic scales with error bars."""

import matplotlib
import matplotlib.pyplot as plt

from page import OURS, TableText, size_text, slug
from rows import TABLES

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "ireneo",  # Equal charts are equal files.
    "svg.fonttype": "none",
    "font.size": 9,
})

OUR_COLOR = "#b2182b"
# The same in all charts for those that are in most.
COLORS = {"joblib": "#2166ac", "diskcache": "#1b7837", "SQLite": "#762a83",
          "files": "#e08214"}
OTHERS = ("#35978f", "#8c510a", "#c51b7d", "#666666", "#4d9221", "#80cdc1",
          "#000000", "#dfc27d", *COLORS.values())


def colors_of(names):
  """A color for each, "" being ours."""
  colors = {"": OUR_COLOR}
  colors.update((name, COLORS[name]) for name in names if name in COLORS)
  for name in names:
    if name not in colors:
      colors[name] = next(color for color in OTHERS
                          if color not in colors.values())
  return colors


def draw(results, directory):
  """Draws a chart for each table. Returns their files by the table's title."""
  directory.mkdir(parents=True, exist_ok=True)
  for old in directory.glob("*.svg"):
    old.unlink()
  paths = {}
  for table in TABLES:
    text = TableText(table, results)
    if not text.rows:
      continue
    path = directory / f"{slug(table.title)}.svg"
    draw_table(text, path)
    paths[table.title] = path
  return paths


def draw_table(text, path):
  """A line for each row; time, or bytes, to the right."""
  names = [""] + text.peers
  kinds = {row.kind for row, _, _ in text.rows}
  # Sizes and times have no axis in common.
  panels = [[entry for entry in text.rows if (entry[0].kind == "size") == size]
            for size in (False, True)]
  panels = [panel for panel in panels if panel]
  figure, axes = plt.subplots(
      len(panels), 1, squeeze=False,
      figsize=(9, 0.8 + 0.6 * len(panels) + 0.3 * len(text.rows)),
      gridspec_kw={"height_ratios": [len(panel) for panel in panels]})
  for panel, axis in zip(panels, axes[:, 0]):
    draw_points(axis, panel, names, text.table.limits)
    axis.set_xlabel("bytes" if panel[0][0].kind == "size" else
                    "seconds, of one call for rates" if "rate" in kinds else
                    "seconds")
  handles = {}
  for axis in axes[:, 0]:
    for handle, name in zip(*axis.get_legend_handles_labels()):
      handles.setdefault(name, handle)
  figure.legend(handles.values(), handles.keys(), loc="upper center",
                ncol=min(6, len(handles)), frameon=False)
  lines = -(-len(handles) // 6)
  figure.tight_layout(
      rect=(0, 0, 1, 1 - (0.15 + 0.2 * lines) / figure.get_figheight()))
  figure.savefig(path, metadata={"Date": None})
  plt.close(figure)


def draw_points(axis, panel, names, limits):
  """Limits are hollow."""
  colors = colors_of(names)
  for i, name in enumerate(names):
    places, medians, spreads = [], [], []
    for place, (_, _, peers) in enumerate(panel):
      measured = peers.get(name)
      if measured is not None and measured.values:
        # A little apart, so that equal ones can be seen.
        places.append(place + (i - (len(names) - 1) / 2) * 0.5 / len(names))
        medians.append(measured.median)
        spreads.append(min(measured.spread, 0.9 * measured.median))
    if places:
      axis.errorbar(medians, places, xerr=spreads,
                    fmt="D" if name in limits else "o", markersize=4,
                    elinewidth=1, color=colors[name],
                    markerfacecolor="white" if name in limits else None,
                    label=name or OURS, zorder=2 if name else 3)
  axis.set_xscale("log")
  axis.set_ylim(-0.6, len(panel) - 0.4)
  axis.set_yticks(range(len(panel)))
  axis.set_yticklabels([f"{row.label} {size_text(row.what, size)}".strip()
                        for row, size, _ in panel])
  axis.invert_yaxis()
  axis.grid(linewidth=0.3)
  axis.set_axisbelow(True)
