"""What a cluster of two worker processes makes of large images: the time beside dask's own, and the memory.

python -m tests.benchmarks.cluster [LINE ...] [--scale N] [--runs N] [--folder PATH] [--json PATH]

Stores and results are files in a folder of their own, 8 GB of them, which is deleted at the end.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask.array as da
import distributed
import numpy as np
import xarray as xr
from distributed import Client, LocalCluster

import gridr_dask
from tests.benchmarks import machine, measure, memory
from tests.benchmarks.lines import Row
from tests.benchmarks.measure import Call
from tests.benchmarks.table import command_of_lines, report

WORKERS = 2
MIB = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to; return 0."""
    parser = command_of_lines("cluster", __doc__, LINES, 3)
    parser.add_argument("--folder", type=Path, help="where to put files (default: that of the system)")
    given = parser.parse_args(arguments)
    conditions = {"workers": f"{WORKERS} processes of 1 thread"} | machine.conditions()
    # A grid in memory is most of a graph; dask advises against more than 10 MB of it.
    warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        rows = (
            (name, row)
            for name in given.line or LINES
            for row in LINES[name](given.scale, given.runs, Path(folder))
        )
        report(rows, conditions, given.json)
    return 0


def overhead(scale: int, runs: int, folder: Path) -> Iterator[Row]:
    """Time of a block beyond that of an empty task: tiny blocks, each from a few of the source."""
    side, chunk = max(64 // scale, 2), 32
    blocks, size = side * side, side * chunk
    source = xr.DataArray(da.zeros((size, size), chunks=8 * chunk, dtype="f4"), dims=("y", "x"))
    down, right = np.meshgrid(*2 * [np.arange(0.0, size + 16, 16)], indexing="ij")
    with cluster() as client:

        def run(array: da.Array) -> None:
            distributed.wait(client.persist(array))

        def resampled() -> None:
            grid = down + 0.01 * right, right
            run(source.gridr.resample(grid, grid_resolution=(16, 16), chunks=chunk, window=whole).data)

        whole = np.s_[:size, :size]
        calls = {
            "resample": Call(resampled),
            "empty": Call(lambda: run(da.zeros((size, size), chunks=chunk, dtype="f4"))),
        }
        seconds = {name: timed.seconds / blocks * 1e3 for name, timed in measure.in_turn(calls, runs).items()}
    row = Row(f"a block beyond an empty task, of {blocks}", 0, goal=1, at_most=True, unit="ms")
    row.ours = seconds["resample"] - seconds["empty"]
    row.notes = [f"a block takes {seconds['resample']:.2f} ms, an empty task {seconds['empty']:.2f} ms"]
    yield row


def through_a_store(scale: int, runs: int, folder: Path) -> Iterator[Row]:
    """From zarr through a grid to zarr, beside a copy of the same arrays by dask.

    A task makes 4 x 4 chunks of the store, or one: then each of those is needed by four tasks and more.
    """
    for stored in (512, 2048):
        yield from copied_and_resampled(16384 // scale, 2048 // scale, stored // scale, runs, folder)


def copied_and_resampled(size: int, chunk: int, stored: int, runs: int, folder: Path) -> Iterator[Row]:
    """One image, from blocks of dask and as it is opened without dask."""
    blocks = {"y": chunk, "x": chunk}
    path, result, copy = (folder / f"{name}.zarr" for name in ("source", "result", "copy"))
    with cluster() as client:
        client.compute(write(path, size, chunk, stored, "u2", noise=16)).result()

        def copied() -> None:
            delayed = store(opened(path, blocks), copy, stored)
            client.compute(delayed).result()

        def resampled(chunks: dict[str, int] | None) -> None:
            client.compute(store(through(opened(path, chunks), size, chunk, 16), result, stored)).result()

        calls = {
            "copy": Call(copied),
            "blocks": Call(lambda: resampled(blocks)),
            "auto": Call(lambda: resampled(None)),
        }
        timed = measure.in_turn(calls, runs)
    for name in ("blocks", "auto"):
        case = f"zarr, cubic, {size}^2 in {stored}^2, {name}"
        row = Row(case, timed[name].seconds, goal=1.5, at_most=True)
        row.others, row.unit = {"copy": timed["copy"].seconds}, "s"
        yield row
    for done in (path, result, copy):
        shutil.rmtree(done)


def little_memory(scale: int, runs: int, folder: Path) -> Iterator[Row]:
    """A large image through workers of little memory, once: whether it ends, and what was spilled."""
    size, chunk, limit = 40_000 // scale, 2048 // scale, 512
    path, result = folder / "large.zarr", folder / "large result.zarr"
    with cluster() as client:
        client.compute(write(path, size, chunk, chunk, "f4", noise=1)).result()
    for name, chunks in (("direct", None), ("blocks", {})):
        with cluster(memory_limit=limit * MIB) as client:
            before = client.run(os.getpid)
            start = time.perf_counter()
            image = opened(path, chunks)
            resampled = through(image, size, chunk, 32, source=name)
            client.compute(store(resampled, result, chunk)).result()
            seconds = time.perf_counter() - start
            spilled = sum(client.run(spilled_bytes).values())
            peak = max(client.run(memory.status, "VmHWM").values())
            died = len(set(before.values()) - set(client.run(os.getpid).values()))
        row = Row(f"spilled of {size}^2 f4, {name}", spilled / MIB, goal=0, at_most=True, unit="MiB")
        row.notes = [
            f"{size}^2 f4, {name}: {seconds:.0f} s, workers of {limit} MiB held {peak / MIB:.0f} MiB at "
            f"most, {died} of them died"
        ]
        yield row
        shutil.rmtree(result)
    shutil.rmtree(path)


@contextmanager
def cluster(**options: Any) -> Iterator[Client]:
    """A client of worker processes with one thread each."""
    local = LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=40, **options
    )
    with local, Client(local) as client:
        yield client


def opened(path: Path, chunks: dict[str, int] | None) -> xr.DataArray:
    """The image of a store, lazy by dask, or opened only if `chunks` is None."""
    return xr.open_zarr(path, chunks=chunks, consolidated=False)["image"]


def write(path: Path, size: int, chunk: int, stored: int, dtype: str, *, noise: int) -> Any:
    """Return what writes a smooth image with noise of so many steps: the less, the smaller the store."""

    def made(block_info: Any = None) -> np.ndarray:
        (top, bottom), (left, right) = block_info[None]["array-location"]
        rng = np.random.default_rng((top, left))
        waves = np.add.outer(np.sin(np.arange(top, bottom) / 300), np.cos(np.arange(left, right) / 200))
        return (np.round(8000 + 3000 * waves) + rng.integers(0, noise, waves.shape, "u1")).astype(dtype)

    pieces = da.core.normalize_chunks((chunk, chunk), (size, size))
    image = xr.DataArray(da.map_blocks(made, chunks=pieces, dtype=dtype), dims=("y", "x"), name="image")
    return store(image, path, stored)


def through(image: xr.DataArray, size: int, chunk: int, step: int, source: str = "auto") -> xr.DataArray:
    """The image turned by a degree, through a grid with a node for each ``step x step`` pixels."""
    nodes = np.arange(-(-(size - 1) // step) + 1) * float(step)
    down, right = np.meshgrid(nodes, nodes, indexing="ij")
    grid = down + 0.017 * (right - size / 2), right - 0.017 * (down - size / 2)
    whole = np.s_[:size, :size]
    arguments = {"grid_resolution": (step, step), "window": whole, "source": source}
    return image.gridr.resample(grid, chunks=chunk, **arguments)


def store(image: xr.DataArray, path: Path, chunk: int) -> Any:
    """Return what writes an image in chunks."""
    options = {"mode": "w", "consolidated": False, "compute": False}
    encoding = {"image": {"chunks": (chunk, chunk)}}
    return gridr_dask.to_zarr(image, path, sharded=False, encoding=encoding, **options)


def spilled_bytes(dask_worker: Any) -> float:
    """What a worker has ever written to its disk for want of memory."""
    metrics = getattr(dask_worker.data, "cumulative_metrics", {})
    return sum(value for (what, unit), value in metrics.items() if "write" in what and unit == "bytes")


LINES = {line.__name__: line for line in (overhead, through_a_store, little_memory)}


if __name__ == "__main__":
    sys.exit(main())
