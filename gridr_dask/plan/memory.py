"""What a task holds while it runs, reckoned before any pixel is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridr_dask.plan.chunks import Chunking, ChunkPlan

__all__ = ["CONSTANT", "Load", "at_most", "parts_of_tasks"]

CONSTANT = 4 << 20
"""Bytes of a task whatever its chunk: tables and tiles of the engine, and Python's objects."""

_GROUP = 256 << 20
"""Bytes of spline coefficients that the engine holds at once, though one plane at least."""

_DECODED = 10
"""Chunks of a store that a task reads at once: zarr's default."""

_Sizes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Load:
    """One image of a call: how its blocks lie, and how many bytes a pixel has in a task.

    Attributes
    ----------
    name : str
        What users call it.
    source : Chunking
        Its blocks; the chunks of its store if tasks read it themselves.
    bands : int
        Samples of a pixel in the largest block along the other axes.
    all_bands : int
        Samples of a pixel in all of them.
    blocks : int
        Number of blocks along the other axes: tasks of each target chunk.
    itemsize, result_itemsize : int
        Bytes of a sample of the source, and of the result.
    valid_bytes : int
        Bytes of a result's pixel that say whether it is valid.
    checked_bytes : int
        Bytes of a source pixel's sample that say whether it is valid by its value.
    parts : int
        Planes of float64 that a spline filters for each sample: 0 for kernels on samples, 2 for complex.
    mask : Chunking, optional
        Blocks of the mask.
    mask_bytes : int
        Bytes of a pixel of the mask.
    source_is_stored, mask_is_stored : bool
        Whether tasks read windows from a store, instead of being given blocks.
    """

    name: str
    source: Chunking
    bands: int
    all_bands: int
    blocks: int
    itemsize: int
    result_itemsize: int
    valid_bytes: int = 0
    checked_bytes: int = 0
    parts: int = 0
    mask: Chunking | None = None
    mask_bytes: int = 0
    source_is_stored: bool = False
    mask_is_stored: bool = False

    @property
    def source_bytes(self) -> int:
        """Bytes of a source pixel in a task."""
        return self.bands * (self.itemsize + self.checked_bytes)

    @property
    def stores(self) -> list[tuple[Chunking, int, bool]]:
        """Chunks that tasks read themselves, the bytes of their pixels, and whether they are the mask's."""
        stores = [(self.source, self.bands * self.itemsize, False)] if self.source_is_stored else []
        if self.mask is not None and self.mask_is_stored:
            stores.append((self.mask, self.mask_bytes, True))
        return stores

    @property
    def target_bytes(self) -> int:
        """Bytes of a target pixel in a task."""
        return self.bands * self.result_itemsize + self.valid_bytes


def parts_of_tasks(load: Load, plan: ChunkPlan, node_bytes: _Sizes) -> dict[str, _Sizes]:
    """Return what the task of each target chunk holds, in bytes and part by part.

    Parameters
    ----------
    load : Load
        The image.
    plan : ChunkPlan
        The target chunks and what they read.
    node_bytes : ndarray, (chunk rows, chunk cols)
        Bytes of the grid nodes of each chunk.
    """
    seen = plan.seen
    rows, cols = plan.extents(None if load.source_is_stored else load.source)
    parts = {"source": rows * cols * load.source_bytes, "grid": np.where(seen, node_bytes, 0)}
    if load.mask is not None:
        rows, cols = plan.extents(None if load.mask_is_stored else load.mask, of_mask=True)
        parts["mask"] = rows * cols * load.mask_bytes
    reading = [
        np.minimum(np.multiply(*plan.extents(blocks, of_mask=of_mask)), _in_flight(blocks)) * per_pixel
        for blocks, per_pixel, of_mask in load.stores
    ]
    if reading:
        # Source and mask are read one after the other.
        parts["reading"] = np.maximum.reduce(reading)
    height, width = plan.target.sizes
    parts["result"] = np.multiply.outer(height, width) * load.target_bytes
    if load.parts:
        parts["coefficients"] = _coefficients(load, plan)
    parts["constant"] = np.full(seen.shape, CONSTANT)
    return parts


def at_most(load: Load, plan: ChunkPlan, node_bytes: int) -> int:
    """Return a bound that is quickly found: no task holds more, nor more than `node_bytes` for nodes."""
    windows, kernel = plan.windows, plan.kernel
    taps = [int((windows[..., k + 1] - windows[..., k]).max(initial=0)) for k in (0, 2)]
    around = [2 * (max(kernel.warm_up, int(kernel.influence)) + kernel.margin + n) for n in kernel.pieces]
    reads = [n + more if kernel.is_spline else n for n, more in zip(taps, around, strict=True)]
    bound = CONSTANT + node_bytes
    bound += max((_in_flight(blocks) * per_pixel for blocks, per_pixel, _ in load.stores), default=0)
    for blocks, per_pixel in ((load.source, load.source_bytes), (load.mask, load.mask_bytes)):
        if blocks is not None:
            # A span touches a block more at each end, and a wrapped one has four ends.
            ends = [4 * int(sizes.max(initial=0)) for sizes in blocks.sizes]
            rows, cols = map(min, map(sum, zip(reads, ends, strict=True)), plan.source_shape)
            bound += rows * cols * per_pixel
    height, width = (int(sizes.max(initial=0)) for sizes in plan.target.sizes)
    bound += height * width * load.target_bytes
    if load.parts:
        plane = 8 * taps[0] * taps[1]
        bound += min(load.parts * load.bands * plane, max(_GROUP, plane)) + _piece(plan)
    return bound


def _in_flight(chunks: Chunking) -> int:
    """Return how many pixels of a store's chunks are decoded at once."""
    rows, cols = (int(sizes.max(initial=0)) for sizes in chunks.sizes)
    return _DECODED * rows * cols


def _coefficients(load: Load, plan: ChunkPlan) -> _Sizes:
    """Return the bytes of the coefficients of a spline, and of the piece that is being filtered."""
    windows = plan.windows.astype(np.int64)
    rows, cols = windows[..., 1] - windows[..., 0], windows[..., 3] - windows[..., 2]
    plane = 8 * rows * cols
    planes = np.minimum(load.parts * load.bands, np.maximum(_GROUP // np.maximum(plane, 1), 1))
    return np.where(rows > 0, plane * planes + _piece(plan), 0)


def _piece(plan: ChunkPlan) -> int:
    """Return the bytes of a piece while it is filtered: its warm-up, and some rows and columns more."""
    kernel = plan.kernel
    rows, cols = kernel.pieces
    return 8 * (rows + kernel.warm_up + 32) * (cols + 2 * kernel.warm_up + 64)
