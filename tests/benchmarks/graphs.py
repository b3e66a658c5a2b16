"""Graphs of many chunks: what they cost before any pixel is read.

python -m tests.benchmarks.graphs [--runs N] [--json PATH]
"""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Iterator, Sequence

import dask
import dask.array as da
import numpy as np
import xarray as xr

import gridr_dask  # noqa: F401 - registers the accessor
from tests.benchmarks import machine, measure
from tests.benchmarks.lines import Row
from tests.benchmarks.measure import Call
from tests.benchmarks.table import command, report

NODES = 316
"""Nodes along an axis of the grid: 10^5 in all."""

SIDES, GOALS = (316, 1000), ((10, 2), (150, 20))
"""Chunks along an axis; milliseconds to build the graph, and megabytes of its pickle."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = command("graphs", __doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of each call (%(default)s)")
    given = parser.parse_args(arguments)
    conditions = {"runs": f"best of {given.runs}"} | machine.conditions()
    report(((graphs.__name__, row) for row in graphs(given.runs)), conditions, given.json)
    return 0


def graphs(runs: int) -> Iterator[Row]:
    """Build, pickle, and cut four chunks out of a graph of ``side x side`` chunks."""
    for side, (build, size) in zip(SIDES, GOALS, strict=True):
        source, grid, step, chunk = scene(side)

        def call(source=source, grid=grid, step=step, chunk=chunk) -> xr.DataArray:  # type: ignore[no-untyped-def]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the graph is large
                return source.gridr.resample(grid, grid_resolution=(step, step), chunks=chunk)

        built = measure.in_turn({"": Call(call)}, runs)[""]
        blocks = f"{np.prod(built.result.data.numblocks)} chunks"
        yield Row(f"build {blocks}", built.seconds * 1e3, goal=build, at_most=True, unit="ms")
        sent = len(pickle.dumps(built.result.data.dask, protocol=5)) - sum(part.nbytes for part in grid)
        yield Row(f"pickle {blocks}, without the grid", sent / 1e6, goal=size, at_most=True, unit="MB")
        part = built.result.data[: 2 * chunk, : 2 * chunk]
        cut = measure.in_turn({"": Call(lambda part=part: dask.optimize(part)[0])}, runs)[""]  # type: ignore[misc]
        tasks = len(cut.result.__dask_graph__())
        row = Row(f"optimise 4 of {blocks}", cut.seconds * 1e3, goal=5, at_most=True, unit="ms")
        row.notes = [f"{tasks} tasks are left of a slice of 4 chunks"]
        yield row


def scene(side: int) -> tuple[xr.DataArray, tuple[np.ndarray, np.ndarray], int, int]:
    """Return a lazy source, a grid for at least ``side x side`` chunks, its resolution, and their size."""
    step = -(-16 * side // (NODES - 1))
    target = (NODES - 1) * step + 1
    chunk = target // side
    down, right = np.meshgrid(*2 * [np.linspace(10, target - 10, NODES)], indexing="ij")
    source = xr.DataArray(da.zeros((target, target), chunks=1000, dtype="f4"), dims=("y", "x"))
    return source, (down + 0.01 * right, right), step, chunk


if __name__ == "__main__":
    sys.exit(main())
