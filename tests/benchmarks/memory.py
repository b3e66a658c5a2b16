"""The memory that a task takes, in a process of its own, beside what its plan says.

python -m tests.benchmarks.memory [--shapes N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import xarray as xr

import gridr_dask  # noqa: F401 - registers the accessor
from tests.benchmarks import machine
from tests.benchmarks.lines import Row
from tests.benchmarks.table import command, report

MIB = 1 << 20
LEAST = 64 * MIB
"""Smaller tasks say little: the process itself moves by some MiB."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = command("memory", __doc__)
    parser.add_argument("--shapes", type=int, default=20, help="tasks to measure (%(default)s)")
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.seed is not None:
        print(json.dumps(measured(given.seed)))
        return 0
    conditions = machine.conditions()
    report(((memory.__name__, row) for row in memory(given.shapes)), conditions, given.json)
    return 0


def memory(shapes: int) -> Iterator[Row]:
    """The peak of one task of random shape, against its plan."""
    for seed in range(shapes):
        command = [sys.executable, "-m", __spec__.name, "--seed", str(seed)]
        done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        plan = {"plan": done["plan"] / MIB}
        yield Row(done["case"], done["peak"] / MIB, plan, goal=1.15, at_most=True, unit="MiB")


def measured(seed: int) -> dict[str, Any]:
    """Run one task of a random call, the largest one, and return what it takes and what was planned."""
    run(*call(np.random.default_rng(0), 300))  # loads what any call needs
    rng = np.random.default_rng(seed)
    while True:
        source, grid, arguments = call(rng, int(rng.integers(1200, 5000)))
        plan = source.gridr.plan(grid, **arguments)
        if LEAST <= plan.peak <= 12 * LEAST:
            break
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = status("VmRSS")
    run(source, grid, arguments)
    parts = plan.largest().parts
    case = f"{arguments['interp']} {source.dtype} {max(parts, key=parts.__getitem__)}"
    return {"case": case, "peak": status("VmHWM") - before, "plan": plan.peak}


def call(rng: np.random.Generator, size: int) -> tuple[xr.DataArray, Any, dict[str, Any]]:
    """Return a lazy image, a grid of one target chunk over all of it, and arguments."""
    dtype = str(rng.choice(["u2", "f4", "f8"]))
    bands, block = int(rng.integers(1, 4)), int(rng.integers(size // 5, size))
    values = da.map_blocks(
        lambda block_info=None: np.ones(block_info[None]["chunk-shape"], dtype),
        chunks=((bands,), *2 * da.core.normalize_chunks((block,), (size,))),
        dtype=dtype,
    )
    step = int(rng.choice([1, 16]))
    positions = np.linspace(5, size - 6, int(size * rng.uniform(0.5, 1.5)) // step + 2)
    grid = np.stack(np.meshgrid(positions, positions, indexing="ij"))
    arguments = {
        "interp": str(rng.choice(["nearest", "linear", "cubic", "bspline3", "bspline7"])),
        "grid_resolution": (step, step),
        "chunks": -1,
        "return_mask": bool(rng.integers(2)),
        "mask": np.arange(size * size).reshape(size, size) % 999 > 0 if rng.integers(2) else None,
        "src_nodata": 7 if rng.integers(2) else None,
    }
    return xr.DataArray(values, dims=("band", "y", "x")), grid, arguments


def run(source: xr.DataArray, grid: Any, arguments: dict[str, Any]) -> None:
    """Run the one task with all that it depends on, and drop what it returns."""
    with dask.config.set({"gridr.task-memory": "1 TiB"}):
        result = source.gridr.resample(grid, **arguments)
    first = result[0] if arguments["return_mask"] else result
    (lazy,) = dask.optimize(first.data)
    key = next(iter(da.core.flatten(lazy.__dask_keys__())))
    dask.get(dict(lazy.__dask_graph__()), key)


def status(field: str, file: str = "/proc/self/status") -> int:
    """Return a line of what Linux tells about a process, in bytes; this one unless another file is given."""
    lines = Path(file).read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))


if __name__ == "__main__":
    sys.exit(main())
