"""A target cut into chunks whose tasks fit into memory, planned once for all images of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dask.array.core import normalize_chunks
from dask.tokenize import tokenize
from dask.utils import format_bytes

from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Kernel, Window
from gridr_dask.graph.images import Image
from gridr_dask.graph.nodes import Positions
from gridr_dask.graph.settings import task_memory
from gridr_dask.plan import Chunking, ChunkPlan, Plan, plan_chunks
from gridr_dask.plan.chunks import spans_of

__all__ = ["AUTO", "DEFAULT_CHUNK", "Tiling", "check_memory", "tile"]

AUTO = ("auto", "auto")
"""Chunks that nobody asked for."""

DEFAULT_CHUNK = 2048
"""Most rows and columns of a target chunk unless the caller says otherwise: 16 MiB in float32."""

_SMALLEST = 256
"""Least side of chunks of "auto": smaller tasks cost the scheduler more than the worker."""


@dataclass(frozen=True)
class Tiling:
    """A plan, what it was made from, and a name for the chunks and positions."""

    plan: Plan
    images: Mapping[Any, Image]
    """As tasks take them."""
    chunks: Mapping[Kernel, ChunkPlan]
    """What a kernel reads."""
    positions: Positions
    token: str


def tile(
    positions: Positions, target: Window, chunks: tuple[Any, Any], images: Mapping[Any, Image]
) -> Tiling:
    """Cut a target into chunks and plan what each of them reads.

    Parameters
    ----------
    positions : Positions
        Where in the source the target's pixels lie. Lazy ones are computed here, for their extents.
    target : Window
        The pixels that are wanted.
    chunks : (row chunks, col chunks)
        Chunks of the target, in any form that dask takes for one axis. ``"auto"`` is 2048, or less,
        down to 256, where a task would not fit into ``gridr.task-memory``.
    images : mapping of name to Image
        All that is resampled, of one shape.

    Raises
    ------
    InvalidInputError
        If the chunks do not fit the target.
    """
    limit, side = task_memory(), DEFAULT_CHUNK
    while True:
        tiling = _tiled(positions, target, _with_side(chunks, side), images)
        if _fits(tiling.plan, limit) or not any(map(_is_auto, chunks)) or side <= _SMALLEST:
            return tiling
        side //= 2


def check_memory(plan: Plan) -> None:
    """Raise InvalidInputError if a task would hold more than ``gridr.task-memory``."""
    limit = task_memory()
    if not _fits(plan, limit):
        raise _too_large(plan, limit)


def _fits(plan: Plan, limit: int) -> bool:
    return plan.at_most() <= limit or plan.peak <= limit


def _tiled(
    positions: Positions, target: Window, chunks: tuple[Any, Any], images: Mapping[Any, Image]
) -> Tiling:
    resamplings = [image.resampling for image in images.values()]
    # Chunks of the target have nothing to do with the size of a sample; dask asks for it.
    sizes = _chunk_sizes(chunks, target.shape, resamplings[0].fill.dtype)
    spans = Chunking(spans_of(sizes[0], target.rows[0]), spans_of(sizes[1], target.cols[0]))
    bounds = positions.bounds(spans)
    plans = {
        kernel: plan_chunks(bounds, spans, kernel, common.boundary, common.source_shape, common.source_origin)
        for kernel, common in {common.kernel: common for common in resamplings}.items()
    }
    images = {name: image.settled(plans[image.resampling.kernel]) for name, image in images.items()}
    loads = tuple(image.load("the image" if name is None else str(name)) for name, image in images.items())
    each = tuple(plans[common.kernel] for common in resamplings)
    plan = Plan(each, positions.grid, positions.node_bytes, loads)
    return Tiling(plan, images, plans, positions, tokenize(positions, target, *map(np.asarray, sizes)))


def _is_auto(chunks: Any) -> bool:
    return isinstance(chunks, str) and chunks == "auto"


def _with_side(chunks: Sequence[Any], side: int) -> tuple[Any, Any]:
    rows, cols = (side if _is_auto(given) else given for given in chunks)
    return rows, cols


def _chunk_sizes(chunks: Any, shape: tuple[int, int], dtype: Any) -> Any:
    """Return the sizes of the target's chunks along both axes."""
    try:
        sizes = normalize_chunks(chunks, shape, dtype=dtype)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise InvalidInputError(
            f"chunks={chunks!r} do not fit a target of {shape[0]} x {shape[1]} pixels: {error}", "chunks"
        ) from error
    if min(map(min, sizes)) < 1:
        raise InvalidInputError(f"chunks={chunks!r} have a size below 1", "chunks")
    return sizes


def _too_large(plan: Plan, limit: int) -> InvalidInputError:
    """Return the error that says which task is too large, and by what."""
    largest = plan.largest()
    parts = ", ".join(
        f"{part} {format_bytes(size)}" for part, size in largest.parts.items() if size >= largest.total / 50
    )
    rows, cols = largest.target.shape
    return InvalidInputError(
        f"the task of the {rows} x {cols} target chunk at {largest.target} of {largest.name} would hold "
        f"{format_bytes(largest.total)} ({parts}), but gridr.task-memory is {format_bytes(limit)}; give "
        f"smaller chunks, rechunk the source, or set it: dask.config.set({{'gridr.task-memory': '...'}})",
        "task-memory",
    )
