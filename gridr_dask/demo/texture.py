"""A generated scene, chunk by chunk. Workers import this module, and need no library of pictures for it."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
import xarray as xr

__all__ = ["lazy"]

_WAVES = 240
_SEED = 20


def lazy(size: int, chunk: int) -> xr.DataArray:
    """Return a scene of waves whose length is 6 pixels to a third of the scene, lazily."""
    random = np.random.default_rng(_SEED)
    length = 6.0 * (size / 18.0) ** random.random(_WAVES)
    direction, phase = random.uniform(0, 2 * np.pi, (2, _WAVES))
    row_speed, col_speed = (2 * np.pi / length * turn(direction) for turn in (np.sin, np.cos))
    amplitude = length**0.35
    amplitude *= 4500 / np.sqrt((amplitude**2).sum() / 2)
    waves = np.stack([row_speed, col_speed, phase, amplitude])
    pieces = da.core.normalize_chunks((chunk, chunk), (size, size), dtype=np.uint16)
    values = da.map_blocks(block, waves, chunks=pieces, dtype=np.uint16)
    return xr.DataArray(values, dims=("y", "x"), name="scene")


def block(waves: npt.NDArray[np.float64], block_info: dict[Any, Any] | None = None) -> npt.NDArray[np.uint16]:
    """Return one chunk of the scene: the sum of all waves, around 20000."""
    assert block_info is not None
    row_speed, col_speed, phase, amplitude = waves
    rows, cols = (np.arange(*span) for span in block_info[None]["array-location"])
    # cos(a + b) = cos(a) cos(b) - sin(a) sin(b): the sum over waves is a product of two matrices.
    along_rows = np.outer(rows, row_speed) + phase
    along_cols = np.outer(cols, col_speed)
    left = np.hstack([amplitude * np.cos(along_rows), -amplitude * np.sin(along_rows)])
    right = np.hstack([np.cos(along_cols), np.sin(along_cols)])
    total = left.astype(np.float32) @ right.astype(np.float32).T
    scene: npt.NDArray[np.uint16] = np.clip(total + 20000, 1, 65535).astype(np.uint16)
    return scene
