"""A progress bar for a store that is being written: the shards that stand on disk."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from distributed import wait

__all__ = ["wait_for_shards"]

_WIDTH = 40


def wait_for_shards(future: Any, array: Path, count: int) -> None:
    """Wait for a write, showing how many of the shards of an array are there.

    On a terminal the bar moves; elsewhere, for logs, only the last one is printed.

    Parameters
    ----------
    future : Future
        The write, on its way.
    array : path
        Folder of the zarr array.
    count : int
        Shards to come.
    """
    moves = sys.stdout.isatty()
    while not future.done():
        if moves:
            _print_bar(_written(array), count, "\r")
        time.sleep(0.1)
    wait(future)
    future.result()
    _print_bar(count, count, "\n")


def _written(array: Path) -> int:
    # A shard that is on its way has a name that is not a number.
    return sum(1 for path in array.glob("c/*/*") if path.name.isdigit())


def _print_bar(done: int, count: int, end: str) -> None:
    bar = "#" * (_WIDTH * done // count)
    print(f"   [{bar:<{_WIDTH}}] {done} of {count} shards", end=end, flush=True)
