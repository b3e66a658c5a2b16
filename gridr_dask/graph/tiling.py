"""A target cut into chunks whose tasks fit into memory, planned once for all images of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log2
from typing import Any

import numpy as np
from dask.array.core import normalize_chunks
from dask.tokenize import tokenize
from dask.utils import format_bytes

from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.images import Image
from gridr_dask.graph.nodes import Positions
from gridr_dask.plan import Chunking, ChunkPlan, Plan, plan_chunks
from gridr_dask.plan.chunks import spans_of
from gridr_dask.settings import task_memory

__all__ = ["AUTO", "DEFAULT_CHUNK", "Tiling", "check_memory", "chunk_sizes", "tile"]

AUTO = ("auto", "auto")
"""Chunks that nobody asked for."""

DEFAULT_CHUNK = 2048
"""Most rows and columns of a target chunk unless the caller says otherwise: 16 MiB in float32."""

_SMALLEST = 256
"""Least side of chunks of "auto": smaller tasks cost the scheduler more than the worker."""

_SMALLEST_PART = 8
"""Least side of the parts of a chunk whose task is too large."""


@dataclass(frozen=True)
class Tiling:
    """A plan, what it was made from, and a name for the chunks and positions.

    The plan is of parts where the chunks that are wanted are too large for a task.
    """

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
        down to 256, where a task would not fit into ``gridr.task-memory``. Others, whose tasks would not,
        are planned in parts.
    images : mapping of name to Image
        All that is resampled, of one shape.

    Raises
    ------
    InvalidInputError
        If the chunks do not fit the target.
    """
    limit, side = task_memory(), DEFAULT_CHUNK
    while True:
        tiling = _tiled(positions, _chunking(_with_side(chunks, side), target), images)
        if _fits(tiling.plan, limit):
            return tiling
        if not any(map(_is_auto, chunks)) or side <= _SMALLEST:
            return _in_parts(tiling, images, limit)
        side //= 2


def check_memory(plan: Plan) -> None:
    """Raise InvalidInputError if a task would hold more than ``gridr.task-memory``."""
    limit = task_memory()
    if not _fits(plan, limit):
        raise _too_large(plan, limit)


def _fits(plan: Plan, limit: int) -> bool:
    return plan.at_most <= limit or plan.peak <= limit


def _chunking(chunks: tuple[Any, Any], target: Window) -> Chunking:
    rows, cols = chunk_sizes(chunks, target.shape)
    return Chunking(spans_of(rows, target.rows[0]), spans_of(cols, target.cols[0]))


def _tiled(
    positions: Positions, chunks: Chunking, images: Mapping[Any, Image], whole: Chunking | None = None
) -> Tiling:
    """Return the plan of chunks, which may be parts of others."""
    resamplings = [image.resampling for image in images.values()]
    bounds = positions.bounds(chunks)
    plans = {
        kernel: plan_chunks(
            bounds, chunks, kernel, common.boundary, common.source_shape, common.source_origin
        )
        for kernel, common in {common.kernel: common for common in resamplings}.items()
    }
    images = {name: image.settled(plans[image.resampling.kernel]) for name, image in images.items()}
    loads = tuple(image.load("the image" if name is None else str(name)) for name, image in images.items())
    each = tuple(plans[common.kernel] for common in resamplings)
    plan = Plan(each, positions.grid, positions.node_bytes, loads, whole)
    token = tokenize(positions, *map(np.asarray, (chunks.rows, chunks.cols)))
    return Tiling(plan, images, plans, positions, token)


def _in_parts(tiling: Tiling, images: Mapping[Any, Image], limit: int) -> Tiling:
    """Cut chunks whose tasks are too large into parts with tasks of their own, unless that doesn't help."""
    whole = tiling.plan.chunks.target
    found = tiling
    while not _fits(found.plan, limit):
        target, times = found.plan.chunks.target, np.sqrt(found.plan.totals() / limit)
        rows, cols = _cut(target.rows, times.max(axis=1)), _cut(target.cols, times.max(axis=0))
        smaller = _tiled(found.positions, Chunking(rows, cols), images, whole)
        # A chunk that is put together is held along with its parts; and blocks of the source are held whole.
        if smaller.plan.peak >= found.plan.peak:
            return tiling
        found = smaller
    return found


def _cut(spans: Sequence[Span], times: Any) -> tuple[Span, ...]:
    """Return spans, each cut into a power of 2 of parts, at least as many as it is too large `times`."""
    cut: list[Span] = []
    for (start, stop), excess in zip(spans, times.tolist(), strict=True):
        most = max((stop - start) // _SMALLEST_PART, 1)
        parts = min(2 ** ceil(log2(max(excess, 1))), most)
        edges = [start + (stop - start) * k // parts for k in range(parts + 1)]
        cut += pairwise(edges)
    return tuple(cut)


def _is_auto(chunks: Any) -> bool:
    return isinstance(chunks, str) and chunks == "auto"


def chunk_sizes(chunks: tuple[Any, Any], shape: tuple[int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the sizes of a target's chunks along both axes, with the default for ``"auto"``.

    Raises
    ------
    InvalidInputError
        If the chunks do not fit the target.
    """
    given = _with_side(chunks, DEFAULT_CHUNK)
    try:
        # Chunks of the target have nothing to do with the size of a sample; dask asks for it.
        rows, cols = normalize_chunks(given, shape, dtype=np.uint8)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise InvalidInputError(
            f"chunks={given!r} do not fit a target of {shape[0]} x {shape[1]} pixels: {error}", "chunks"
        ) from error
    if min(*rows, *cols) < 1:
        raise InvalidInputError(f"chunks={given!r} have a size below 1", "chunks")
    return rows, cols


def _with_side(chunks: Sequence[Any], side: int) -> tuple[Any, Any]:
    rows, cols = (side if _is_auto(given) else given for given in chunks)
    return rows, cols


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
