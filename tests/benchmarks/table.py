"""Print how fast this package is beside others, and write it as JSON.

    python -m tests.benchmarks.table [--quick] [--size N] [--runs N] [--json PATH]

One thread unless a line says otherwise; a rotation by 11 degrees with a slight radial warp and scale 0.7.
Minima of interleaved runs, so that a slow phase of the machine meets all sides. Everything that a call does
is included; the arrays for the results exist before where a library takes them. Each result is compared
with the other one. The exit code is 1 if a pair disagrees; goals that are missed are a report.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.lines import LINES, NOISE, Row, Settings

HEADER = f"{'case':<40}{'against':<17}{'ours':>8}{'other':>9}{'ratio':>8}{'goal':>9}  met"
_MET = {True: "yes", False: "no", None: "-"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    parser = command("table", __doc__, Path("build/bench/bench.json"))
    parser.add_argument("--quick", action="store_true", help="smaller images and fewer runs")
    parser.add_argument("--size", type=int, help="pixels along an axis (default 2000, quick 1000)")
    parser.add_argument("--runs", type=int, help="runs of each call (default 7, quick 3)")
    given = parser.parse_args(arguments)
    default = Settings(1000, 3) if given.quick else Settings()
    settings = Settings(given.size or default.size, given.runs or default.runs)
    conditions = {"image": f"{settings.size} x {settings.size} pixels, best of {settings.runs} runs"}
    conditions |= machine.conditions()
    print("\n".join(f"{name:>24}  {value}" for name, value in conditions.items()))
    print(f"\n{HEADER}\n{'':<57}{'ns/px':>8}{'ns/px':>9}")
    rows = []
    for line in LINES:
        for row in line(settings):
            print(printed(row), flush=True)
            rows.append((line.__name__, row))
    print(summary([row for _, row in rows]))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    record = {"conditions": conditions, "rows": [recorded(*row) for row in rows]}
    given.json.write_text(json.dumps(record, indent=1) + "\n")
    print(f"written to {given.json}")
    return 0 if all(row.agrees for _, row in rows) else 1


def goal(row: Row) -> str:
    """Return the goal in the way that one would say it."""
    if row.goal is None:
        return ""
    return f"{'<=' if row.at_most else '>='} {row.goal:g}{'x' if row.unit == 'ns/px' else ''}"


def command(name: str, description: str | None, json: Path | None = None) -> argparse.ArgumentParser:
    """Return the command line of a benchmark, so far: where its rows go."""
    parser = argparse.ArgumentParser(
        f"python -m tests.benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = "not at all" if json is None else json
    parser.add_argument("--json", type=Path, default=json, help=f"where to write the rows ({default})")
    return parser


def command_of_lines(
    name: str, description: str | None, lines: Iterable[str], runs: int
) -> argparse.ArgumentParser:
    """Return the command line of a benchmark of several lines, each of which can be measured alone."""
    parser = command(name, description)
    parser.add_argument("line", nargs="*", choices=[*lines, []], help="which ones (default: all)")
    parser.add_argument("--scale", type=int, default=1, help="how much smaller images are (%(default)s)")
    parser.add_argument("--runs", type=int, default=runs, help="runs of each call in turn (%(default)s)")
    return parser


def report(rows: Iterable[tuple[str, Row]], conditions: Mapping[str, str], path: Path | None) -> None:
    """Print rows of lines as they come, under the conditions, and write them if there is a path."""
    print("\n".join(f"{name:>24}  {value}" for name, value in conditions.items()))
    print(f"\n{HEADER}")
    records = []
    for line, row in rows:
        print(printed(row), flush=True)
        print("".join(f"    {note}\n" for note in row.notes), end="", flush=True)
        records.append(recorded(line, row))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"conditions": dict(conditions), "rows": records}, indent=1) + "\n")


def printed(row: Row) -> str:
    """Return a row as a line of text, followed by what is wrong with it."""
    other, ratio = (" " if row.other is None else f"{row.other:.2f}"), row.ratio
    text = (
        f"{row.case:<40}{row.against or '-':<17}{row.ours:>8.2f}{other:>9}"
        f"{'' if ratio is None else f'{ratio:.2f}x':>8}{goal(row):>9}  {_MET[row.met]:<4}"
    )
    remarks = [] if row.unit == "ns/px" else [row.unit]
    remarks += [f"{name} {reason}" for name, reason in row.absent.items()]
    if not row.agrees:
        remarks.append(f"RESULTS DISAGREE: {row.differences}, allowed {row.tolerances}")
    return f"{text} {'; '.join(remarks)}".rstrip()


def summary(rows: list[Row]) -> str:
    """Return how many goals are met, and how well the results agree."""
    goals = [row for row in rows if row.goal is not None]
    met = sum(row.met is True for row in goals)
    unknown = sum(row.met is None for row in goals)
    wrong = sum(not row.agrees for row in rows)
    notes = sorted({note for row in rows for note in row.notes})
    lines = [
        f"\n{met} of {len(goals)} goals met (within {NOISE:.0%}), {unknown} without a peer to compare with",
        f"{wrong} results disagree" if wrong else "all results agree within the tolerances in the JSON",
    ]
    return "\n".join(lines + [f"note: {note}" for note in notes])


def recorded(line: str, row: Row) -> dict[str, Any]:
    """Return a row for the JSON, with what follows from its fields."""
    derived = {name: getattr(row, name) for name in ("against", "ratio", "met", "agrees")}
    return {"line": line} | asdict(row) | derived


if __name__ == "__main__":
    sys.exit(main())
