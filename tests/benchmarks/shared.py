"""What it takes to create and to attach a shared array, beside the bare calls of the system.

python -m tests.benchmarks.shared [--runs N] [--json PATH]
"""

from __future__ import annotations

import functools
import mmap
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridr_dask.scaling import SharedArray
from tests.benchmarks import machine, measure
from tests.benchmarks.lines import Row
from tests.benchmarks.measure import Call
from tests.benchmarks.table import command, report

SIZE = 64 << 20
GOAL = 1.2
SEGMENT, KEPT = (Path(f"/dev/shm/benchmark-{os.getpid()}-{kind}") for kind in ("new", "kept"))

Array = np.ndarray[Any, np.dtype[np.uint8]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = command("shared", __doc__)
    parser.add_argument("--runs", type=int, default=15, help="runs of each call in turn (%(default)s)")
    given = parser.parse_args(arguments)
    conditions = {"runs": f"best of {given.runs}"} | machine.conditions()
    report(((shared.__name__, row) for row in shared(given.runs)), conditions, given.json)
    return 0


def shared(runs: int) -> Iterator[Row]:
    """Create and attach 64 MiB on each backend: as they are, and with one write to each page."""
    for backend, bare in {"shm": bare_segment, "memfd": bare_file, "mmap": bare_mapping}.items():
        new, source = (
            SharedArray((SIZE,), "u1", SharedArray.build_name(), backend=backend) for _ in range(2)
        )
        ours = (
            Call(lambda new=new: begun(new, new.create), new.destroy),  # type: ignore[misc]
            Call(lambda source=source: begun(source, source.load), source.close),  # type: ignore[misc]
        )
        with source:
            for verb, call, other in zip(("create", "attach"), ours, bare(), strict=True):
                for access in (False, True):
                    yield row(f"{verb} {backend}", call, other, access, runs)
        new.destroy()
        for path in (SEGMENT, KEPT):
            path.unlink(missing_ok=True)


def row(case: str, ours: Call, bare: Call, access: bool, runs: int) -> Row:
    """Measure ours beside the bare calls."""
    calls = {
        name: Call((lambda run=call.run: touched(run())) if access else call.run, call.before)  # type: ignore[misc]
        for name, call in (("ours", ours), ("system calls", bare))
    }
    spent = {name: found.seconds * 1e6 for name, found in measure.in_turn(calls, runs).items()}
    case += ", each page written" if access else ""
    return Row(case, spent.pop("ours"), spent, goal=GOAL, at_most=True, unit="us")


def begun(array: SharedArray, verb: Callable[[], None]) -> Array | None:
    """Return the samples after a verb."""
    verb()
    return array.array


def touched(array: Array) -> Array:
    """Write to each page."""
    array[:: mmap.PAGESIZE] = 2
    return array


def bare_segment() -> tuple[Call, Call]:
    """Files in /dev/shm, with their pages reserved."""

    def create(path: Path = SEGMENT) -> Array:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.posix_fallocate(descriptor, 0, SIZE)
        return mapped(descriptor)

    create(KEPT)
    before = functools.partial(SEGMENT.unlink, missing_ok=True)
    return Call(create, before), Call(lambda: mapped(os.open(KEPT, os.O_RDWR)))


def bare_file() -> tuple[Call, Call]:
    """Memory files."""

    def descriptor() -> int:
        made = os.memfd_create("benchmark")
        os.ftruncate(made, SIZE)
        return made

    kept = descriptor()
    return Call(lambda: mapped(descriptor())), Call(lambda: view(mmap.mmap(kept, SIZE)))


def bare_mapping() -> tuple[Call, Call]:
    """Memory without a file; who attaches has inherited it."""
    kept = mmap.mmap(-1, SIZE)
    return Call(lambda: view(mmap.mmap(-1, SIZE))), Call(lambda: view(kept))


def mapped(descriptor: int) -> Array:
    """Map a file, and close it."""
    mapping = mmap.mmap(descriptor, SIZE)
    os.close(descriptor)
    return view(mapping)


def view(mapping: mmap.mmap) -> Array:
    """Return an array of the mapping."""
    return np.ndarray((SIZE,), np.uint8, mapping)


if __name__ == "__main__":
    sys.exit(main())
