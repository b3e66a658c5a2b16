"""Part 3: a large scene, generated, then zarr to zarr through a rotated grid on the cluster."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from distributed import Client

from gridr_dask.demo import pictures, texture
from gridr_dask.demo.progress import wait_for_shards
from gridr_dask.demo.report import Outcome, announce, compare, megabytes, peak_memory, say
from gridr_dask.io import to_zarr

__all__ = ["run"]

_SPACING = 64
_CHUNK = 2048

_Pixels = npt.NDArray[np.uint16]
_Grid = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def run(output: Path, size: int, client: Client) -> Outcome:
    """Generate the scene, resample it from store to store, and compare with one piece."""
    announce(3, f"A generated scene of {size} x {size} pixels, from zarr to zarr")
    chunk = min(_CHUNK, max(size // 4, 64))
    source_store, target_store = output / "scene.zarr", output / "scene-rotated.zarr"
    start = time.perf_counter()
    _write(texture.lazy(size, chunk), source_store, client)
    say("generated", f"{source_store} in {time.perf_counter() - start:.1f} s")

    grid = rotated_grid(size)
    how: dict[str, Any] = {
        "interp": "cubic",
        "grid_resolution": (_SPACING, _SPACING),
        # The last node stands beyond the size wanted: a window cuts the target out.
        "window": (slice(0, size), slice(0, size)),
    }
    say("grid", f"{grid[0].shape[0]} x {grid[0].shape[1]} nodes, one every {_SPACING} pixels")
    start = time.perf_counter()
    scene = _read(source_store, chunk)
    _write(scene.gridr.resample(grid, chunks=chunk, **how), target_store, client)
    say("resampled", str(target_store))
    _say_cost(size, time.perf_counter() - start, client)

    rotated = _read(target_store, chunk).compute()
    whole_scene = scene.compute()
    compare((rotated.values, whole_scene.gridr.resample(grid, **how).values))
    picture = output / "scene.png"
    _draw(picture, whole_scene.values, grid, rotated.values)
    return Outcome(
        {
            picture: "the scene, the grid upon it, the result, a part of it pixel by pixel",
            source_store: "the generated scene",
            target_store: "the result",
        }
    )


def _say_cost(size: int, seconds: float, client: Client) -> None:
    """Print what the way from store to store took."""
    rate = size * size / 1e6 / seconds
    say("speed", f"{rate:.1f} Mpx/s: {seconds:.1f} s, reading and writing included")
    workers = " and ".join(megabytes(peak) for peak in client.run(peak_memory).values())
    say("peak memory", f"{workers} in the workers, {megabytes(peak_memory())} in the client")


def rotated_grid(size: int) -> _Grid:
    """Return row and column coordinates of nodes that turn a square scene by 12 degrees."""
    nodes = -(-(size - 1) // _SPACING) + 1
    y, x = np.mgrid[:nodes, :nodes] * float(_SPACING) - (size - 1) / 2
    angle = np.radians(12.0)
    return (
        (size - 1) / 2 + np.cos(angle) * y - np.sin(angle) * x,
        (size - 1) / 2 + np.sin(angle) * y + np.cos(angle) * x,
    )


def _write(array: xr.DataArray, store: Path, client: Client) -> None:
    """Write an array on the cluster, showing how many shards are done."""
    writing = to_zarr(array, store, chunks=512, mode="w", consolidated=False, compute=False)
    wait_for_shards(client.compute(writing), store / str(array.name), array.data.npartitions)


def _read(store: Path, chunk: int) -> xr.DataArray:
    """Return a scene, lazily, in the chunks that it was written in."""
    chunks = {"y": chunk, "x": chunk}
    scene: xr.DataArray = xr.open_zarr(store, chunks=chunks, consolidated=False)["scene"]
    return scene


def _draw(path: Path, scene: _Pixels, grid: _Grid, rotated: _Pixels) -> None:
    figure, ((left, middle, right),) = pictures.panels(1, 3, (13.0, 4.6))
    size = len(scene)
    part, corner = min(size // 4, 256), 5 * size // 8
    colours: dict[str, Any] = {"cmap": "gist_earth", "vmin": 6000, "vmax": 34000}
    whole = {"extent": (-0.5, size - 0.5, size - 0.5, -0.5), **colours}
    pictures.show(left, _overview(scene), "source, and the grid upon it", **whole)
    pictures.draw_grid(left, *grid, every=max(len(grid[0]) // 8, 1))
    pictures.show(middle, _overview(rotated), f"result, {size} x {size}", **whole)
    pictures.frame(middle, corner, corner, part)
    crop = rotated[corner : corner + part, corner : corner + part]
    pictures.show(right, crop, f"{part} x {part} pixels of it", **colours)
    pictures.save(figure, path)


def _overview(image: _Pixels) -> npt.NDArray[np.float64]:
    """Return means over squares of pixels, NaN where nothing is valid."""
    step = max(len(image) // 400, 1)
    count = len(image) // step
    squares = image[: count * step, : count * step].reshape(count, step, count, step)
    return np.where(squares.all(axis=(1, 3)), squares.mean(axis=(1, 3)), np.nan)
