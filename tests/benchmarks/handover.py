"""What two worker processes of one host gain by handing blocks over, in time and memory, beside bytes by TCP.

python -m tests.benchmarks.handover [LINE ...] [--scale N] [--runs N] [--json PATH]
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from distributed import Client, Future, futures_of, wait

import gridr_dask  # noqa: F401 - registers the accessor
from gridr_dask.scaling import SharedMemoryPlugin
from tests.benchmarks import machine, measure
from tests.benchmarks.cluster import MIB, WORKERS, cluster, opened, write
from tests.benchmarks.lines import Row
from tests.benchmarks.measure import Call
from tests.benchmarks.memory import status
from tests.benchmarks.table import command_of_lines, report

Clients = dict[str, Client]
"""By name: of a cluster that hands over, and of one that sends bytes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = command_of_lines("handover", __doc__, LINES, 5)
    given = parser.parse_args(arguments)
    conditions = {"workers": f"{WORKERS} processes of 1 thread"} | machine.conditions()
    with cluster() as on, cluster() as off:
        on.register_plugin(SharedMemoryPlugin())
        clients = {"handed over": on, "bytes": off}
        rows = (
            (name, row)
            for name in given.line or LINES
            for row in LINES[name](given.scale, given.runs, clients)
        )
        report(rows, conditions, given.json)
    return 0


def one_block(scale: int, runs: int, clients: Clients) -> Iterator[Row]:
    """A block from one worker to the other, until a task there has its first value, or has read all of it."""
    side = 8192 // scale
    size = f"{side * side * 4 / MIB:.0f} MiB"
    for kind, make in (("resampled", resampled), ("of numpy", of_numpy)):
        for reading, read in (("", first), (", read", everything)):
            calls = {name: Transfer(client, make, read, side) for name, client in clients.items()}
            for call in calls.values():
                call.before()
                call.run()
            timed = measure.in_turn({name: Call(call.run, call.before) for name, call in calls.items()}, runs)
            goal = 6 if (kind, reading) == ("resampled", "") else None
            yield row(f"block of {size}, {kind}{reading}", timed, goal)


def small_blocks(scale: int, runs: int, clients: Clients) -> Iterator[Row]:
    """Many blocks that are too small to be handed over: the plugin costs nothing."""
    count, side = 256 // scale, 350

    def make(client: Client, worker: str, side: int, turn: int) -> list[Future]:
        names = [f"small-{turn}-{number}" for number in range(count)]
        return list(client.map(lambda _: np.ones((side, side), "f4"), names, workers=worker, pure=False))

    calls = {name: Transfer(client, make, count_all, side) for name, client in clients.items()}
    timed = measure.in_turn({name: Call(call.run, call.before) for name, call in calls.items()}, runs)
    yield row(f"{count} blocks of {side * side * 4 / MIB:.1f} MiB", timed, 1.05, at_most=True)


def shuffle(scale: int, runs: int, clients: Clients) -> Iterator[Row]:
    """A job all of whose target chunks need four source chunks: its time, and the memory of both workers."""
    side = 8192 // scale
    chunk = side // 4
    for kind in ("of numpy", "resampled"):
        calls = {name: Call(partial(job, client, side, chunk, kind)) for name, client in clients.items()}
        for call in calls.values():
            call.run()  # loads what tasks need
        case = f"shuffle of {side}^2 f4, {kind}"
        yield row(case, measure.in_turn(calls, runs), 1.3)
        peaks = {name: peak(client, calls[name].run) / MIB for name, client in clients.items()}
        memory = Row(f"{case}: peak", peaks["handed over"], {"bytes": peaks["bytes"]}, 1, True, "MiB PSS")
        yield memory


def decoding(scale: int, runs: int, clients: Clients) -> Iterator[Row]:
    """The job from a store whose chunks each task decodes for itself, or tasks of their own, once."""
    side = 8192 // scale
    chunk = side // 4
    nodes = np.arange(side // 32 + 1) * 32.0
    aside = [each + chunk / 2 for each in np.meshgrid(nodes, nodes, indexing="ij")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.zarr"
        clients["bytes"].compute(write(path, side, chunk, chunk, "u2", noise=16)).result()

        def run(client: Client, chunks: dict[str, int] | None) -> None:
            image = opened(path, chunks)
            how = {"grid_resolution": (32, 32), "window": np.s_[:side, :side], "interp": "nearest"}
            wait(client.persist(image.gridr.resample(aside, chunks=chunk, **how).data))

        calls = {
            "handed over": Call(partial(run, clients["handed over"], {})),
            "bytes": Call(partial(run, clients["bytes"], {})),
            "direct": Call(partial(run, clients["bytes"], None)),
        }
        timed = measure.in_turn(calls, runs)
    for other in ("bytes", "direct"):
        both = {name: timed[name] for name in ("handed over", other)}
        yield row(f"shuffle of {side}^2 u2 from zarr", both, None)


class Transfer:
    """A call of a task on one worker whose arguments were made on the other."""

    def __init__(self, client: Client, make: Callable[..., Any], read: Callable[..., Any], side: int) -> None:
        self.client, self.make, self.read, self.side = client, make, read, side
        self.source, self.target = sorted(client.scheduler_info()["workers"])
        self.turn, self.blocks = 0, None

    def before(self) -> None:
        """Make new blocks."""
        self.turn += 1
        self.blocks = self.make(self.client, self.source, self.side, self.turn)
        wait(self.blocks)
        time.sleep(0.1)  # until what was there before is gone

    def run(self) -> Any:
        """Have them read elsewhere."""
        return self.client.submit(self.read, self.blocks, workers=self.target, pure=False).result()


def of_numpy(client: Client, worker: str, side: int, turn: int) -> Future:
    """A block of a task that is not ours."""
    return client.submit(np.full, (side, side), np.float32(turn), workers=worker)


def resampled(client: Client, worker: str, side: int, turn: int) -> Future:
    """A block of our own task: a small image, enlarged."""
    small = xr.DataArray(np.ones((64, 64), "f4"), dims=("y", "x"))
    step = side // 32
    nodes = np.linspace(0, 60, 33) + turn / 1000
    lazy = small.gridr.resample(
        np.meshgrid(nodes, nodes, indexing="ij"),
        grid_resolution=(step, step),
        window=np.s_[:side, :side],
        interp="nearest",
        chunks=-1,
    )
    (future,) = futures_of(client.persist(lazy.data, workers=worker))
    return future


def first(block: Any) -> float:
    """Read one value."""
    return float(block[0, 0])


def everything(block: Any) -> float:
    """Read all values."""
    return float(block.max())


def count_all(blocks: Any) -> int:
    """Read the first value of each block."""
    return sum(int(block[0, 0]) for block in blocks)


def job(client: Client, side: int, chunk: int, kind: str) -> None:
    """Resample a lazy image, half a chunk aside in both directions, and forget the result."""
    source = xr.DataArray(
        da.map_blocks(
            lambda block_info=None: np.full(
                block_info[None]["chunk-shape"], sum(block_info[None]["chunk-location"]), "f4"
            ),
            chunks=da.core.normalize_chunks((chunk, chunk), (side, side)),
            dtype="f4",
            name=f"source-{time.time()}",
            meta=np.empty((0, 0), "f4"),
        ),
        dims=("y", "x"),
    )
    nodes = np.arange(side // 32 + 1) * 32.0
    in_place = np.meshgrid(nodes, nodes, indexing="ij")
    how = {"grid_resolution": (32, 32), "window": np.s_[:side, :side], "interp": "nearest", "chunks": chunk}
    # The first target has chunks of our tasks, and one source chunk for each of them.
    image = source.gridr.resample(in_place, **how) if kind == "resampled" else source
    wait(client.persist(image.gridr.resample([each + chunk / 2 for each in in_place], **how).data))


def peak(client: Client, run: Callable[[], Any]) -> float:
    """Return what all workers held at most, in bytes, each page counted once however many have it."""
    pids = client.run(os.getpid).values()
    most, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, sum(status("Pss:", f"/proc/{pid}/smaps_rollup") for pid in pids))
            time.sleep(0.01)

    with watching(watch, done):
        run()
    return most


@contextmanager
def watching(watch: Callable[[], None], done: threading.Event) -> Iterator[None]:
    """Run a function in a thread until the end of the context."""
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def row(case: str, timed: dict[str, Any], goal: float | None, *, at_most: bool = False) -> Row:
    """Return a row in milliseconds."""
    seconds = {name: found.seconds * 1e3 for name, found in timed.items()}
    return Row(case, seconds.pop("handed over"), seconds, goal, at_most, "ms")


LINES = {line.__name__: line for line in (small_blocks, one_block, shuffle, decoding)}


if __name__ == "__main__":
    sys.exit(main())
