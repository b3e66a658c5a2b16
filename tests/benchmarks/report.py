"""Make a page with a table and a plot of what `table` has measured.

python -m tests.benchmarks.report [--json PATH] [--docs FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

TEMPLATE = Path(__file__).with_name("performance.md.in")
COLOURS = {"ours": "#2563eb", "GridR": "#e8590c", "OpenCV": "#0f766e", "torch": "#9aa5b1", "scipy": "#a16207"}
_MET = {True: "yes", False: "not yet", None: ""}

Record = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int | str:
    """Write the page and its plot; return 0, or what is missing."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.report", description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("build/bench/bench.json"), help="(%(default)s)")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="(%(default)s)")
    given = parser.parse_args(arguments)
    if not given.json.exists():
        return f"{given.json} is not there: `make bench` measures and writes it"
    record = json.loads(given.json.read_text())
    images = given.docs / "images"
    images.mkdir(parents=True, exist_ok=True)
    page = Template(TEMPLATE.read_text()).substitute(
        conditions=conditions(record["conditions"]), table=table(record["rows"])
    )
    (given.docs / "performance.md").write_text(page)
    save(plot(record["rows"]), images / "performance.png")
    print(f"written: {given.docs / 'performance.md'}, {images / 'performance.png'}")
    return 0


def conditions(found: dict[str, str]) -> str:
    """Return the conditions as a table."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in found.items())])


def table(rows: list[Record]) -> str:
    """Return the rows as a table."""
    lines = ["| case | against | ours | other | ratio | goal | met |", "|---|---|--:|--:|--:|--:|---|"]
    for row in rows:
        against, other = row["against"], row["others"].get(row["against"])
        reasons = "; ".join(f"{name} {reason}" for name, reason in row["absent"].items())
        sign, times = ("≤" if row["at_most"] else "≥"), ("x" if row["unit"] == "ns/px" else "")
        cells = [
            row["case"] if row["unit"] == "ns/px" else f"{row['case']}, {row['unit']}",
            f"{against} ({reasons})" if against and reasons else against or reasons,
            f"{row['ours']:.2f}",
            "" if other is None else f"{other:.2f}",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}x",
            "" if row["goal"] is None else f"{sign} {row['goal']:g}{times}",
            _MET[row["met"]],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "Nanoseconds per pixel of the result, unless a line has another unit.\n\n" + "\n".join(lines)


def plot(rows: list[Record]) -> Figure:
    """Draw the time of each kernel and library; a line shows that of a copy."""
    figure = Figure(figsize=(10.6, 3.8), layout="constrained")
    small, double = figure.subplots(1, 2, width_ratios=(1, 1.5))
    _bars(small, rows, "float32 and uint16", ["small_types"], "f32")
    _bars(double, rows, "float64", ["against_gridr", "cubic_float64", "against_scipy"], "f64")
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of few colours."""
    drawn = BytesIO()
    figure.savefig(drawn, dpi=110, format="png")
    Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def _bars(axes: Axes, rows: list[Record], title: str, lines: list[str], copied: str) -> None:
    """Draw groups of bars from the rows of some lines."""
    groups: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["line"] in lines:
            label = row["kernel"] if copied == "f64" else f"{row['kernel']}\n{row['dtype']}"
            # The first line that measures a kernel tells our time; the others add their peers.
            group = groups.setdefault(label, {"ours": row["ours"]})
            group.update(row["others"])
    names = [name for name in COLOURS if any(name in group for group in groups.values())]
    for place, group in enumerate(groups.values()):
        for at, name in enumerate(name for name in names if name in group):
            axes.bar(place + (at - (len(group) - 1) / 2) * 0.2, group[name], 0.18, color=COLOURS[name])
    for name in names:
        axes.bar(0, 0, color=COLOURS[name], label=name)
    copy = next(row["ours"] for row in rows if (row["kernel"], row["dtype"]) == ("copy", copied))
    axes.axhline(copy, color="#1f2933", linewidth=1, linestyle="--", label=f"a copy in {title.split()[0]}")
    axes.set_yscale("log")
    axes.set_xticks(range(len(groups)), list(groups), fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(title, fontsize=10)
    axes.set_ylabel("ns per pixel", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(top=axes.get_ylim()[1] * 4)  # room for the legend
    axes.legend(fontsize=8, frameon=False, loc="upper left", ncols=3)


if __name__ == "__main__":
    sys.exit(main())
