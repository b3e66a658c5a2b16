"""What it takes to create and to attach a shared array, beside the bare calls of the system.

python -m tests.benchmarks.shared [--runs N] [--json PATH]
"""

from __future__ import annotations

import argparse
import mmap
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gridr_dask.scaling import SharedArray
from tests.benchmarks import machine, measure
from tests.benchmarks.lines import Row
from tests.benchmarks.measure import Call
from tests.benchmarks.table import report

SIZE = 64 << 20
PAGE = mmap.PAGESIZE
GOAL = 1.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks.shared",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=15, help="runs of each call in turn (%(default)s)")
    parser.add_argument("--json", type=Path, help="where to write the rows")
    given = parser.parse_args(arguments)
    conditions = {"runs": f"best of {given.runs}"} | machine.conditions()
    report(((shared.__name__, row) for row in shared(given.runs)), conditions, given.json)
    return 0


def shared(runs: int) -> Iterator[Row]:
    """Create and attach 64 MiB on each backend: alone, and with one write or read of each page."""
    for backend, bare in BARE.items():
        array = SharedArray((SIZE,), "u1", SharedArray.build_name(), backend=backend)
        source = SharedArray((SIZE,), "u1", SharedArray.build_name(), backend=backend)
        source.create()
        assert source.array is not None
        source.array[::PAGE] = 1
        descriptor = bare.create()
        bare.map(descriptor)[::PAGE] = 1

        def create(array: SharedArray = array) -> np.ndarray:
            array.create()
            assert array.array is not None
            return array.array

        def attach(source: SharedArray = source) -> np.ndarray:
            source.load()
            assert source.array is not None
            return source.array
