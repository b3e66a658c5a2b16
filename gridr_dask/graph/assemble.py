"""A dask array from a plan: one task per target chunk, fed with the source blocks that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from operator import getitem
from typing import Any

import dask.array as da
import numpy as np
from dask._task_spec import Task, TaskRef
from dask.array.core import normalize_chunks
from dask.highlevelgraph import HighLevelGraph
from dask.tokenize import tokenize

from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.geometry import Grid, Kernel, Window
from gridr_dask.graph.nodes import bounds_of_chunks, node_layer
from gridr_dask.graph.tasks import ChunkTask, Resampling, fill_chunk, resample_chunk
from gridr_dask.plan import ChunkPlan, plan_chunks
from gridr_dask.plan.chunks import spans_of

__all__ = ["DEFAULT_CHUNK", "is_dask", "resample_lazily"]

DEFAULT_CHUNK = 2048
"""Rows and columns of a target chunk unless the caller says otherwise: 16 MiB in float32."""


def is_dask(array: object) -> bool:
    """Return whether an array is a dask array."""
    return isinstance(array, da.Array)


def resample_lazily(
    source: Any,
    rows: Any,
    cols: Any,
    *,
    grid: Grid,
    target: Window,
    chunks: tuple[Any, Any],
    kernel: Kernel,
    fill: np.generic,
    axes: tuple[int, int],
    origin: tuple[int, int] = (0, 0),
    with_valid: bool = False,
) -> tuple[da.Array, da.Array | None]:
    """Return the resampled window as a dask array, and its validity if it is asked for.

    Parameters
    ----------
    source, rows, cols : numpy or dask array
        The image and the node coordinates. Dask coordinates are computed once, here, for their extents.
    grid, target, kernel, fill
        As in `gridr_dask.compute.resample_window`.
    chunks : (row chunks, col chunks)
        Chunks of the target, in any form that dask takes for one axis.
    axes : (int, int)
        Row axis and column axis of the source, non-negative. Other axes keep their chunks.
    origin : (int, int)
        Position of source pixel (0, 0) in the frame of the grid.
    with_valid : bool
        Whether to return validity.
    """
    source = source if is_dask(source) else da.from_array(source)
    if is_dask(rows) or is_dask(cols):
        rows = da.asarray(rows)
        cols = da.asarray(cols).rechunk(rows.chunks)
    row_chunks, col_chunks = normalize_chunks(chunks, target.shape, dtype=fill.dtype)
    target_rows = spans_of(row_chunks, target.rows[0])
    target_cols = spans_of(col_chunks, target.cols[0])
    # The nodes of every chunk; those of a row of chunks share their rows.
    row_nodes = [grid.nodes_of(Window(span, target.cols)).rows for span in target_rows]
    col_nodes = [grid.nodes_of(Window(target.rows, span)).cols for span in target_cols]
    plan = plan_chunks(
        bounds_of_chunks(rows, cols, row_nodes, col_nodes),
        target_rows,
        target_cols,
        kernel,
        (source.chunks[axes[0]], source.chunks[axes[1]]),
        origin,
    )
    shape = source.shape[axes[0]], source.shape[axes[1]]
    common = Resampling(kernel, shape, origin, axes, fill, with_valid)
    token = tokenize(rows, cols, grid, target, row_chunks, col_chunks)
    node_name = f"gridr-nodes-{token}"
    nodes = {
        (i, j): Window(row_nodes[i], col_nodes[j])
        for i, j in product(range(len(row_nodes)), range(len(col_nodes)))
        if plan.windows[i, j].any()
    }
    name = f"gridr-resample-{tokenize(token, source.name, common)}"
    layers = {
        node_name: node_layer(node_name, rows, cols, grid, nodes),
        name: _chunk_layer(name, node_name, source, common, plan),
    }
    dependencies = {
        node_name: {rows.name, cols.name} if is_dask(rows) else set(),
        name: {node_name, source.name},
    }
    graphs = [source.dask, *([rows.dask, cols.dask] if is_dask(rows) else [])]
    for graph in graphs:
        layers.update(graph.layers)
        dependencies.update(graph.dependencies)
    out_chunks = list(source.chunks)
    out_chunks[axes[0]], out_chunks[axes[1]] = row_chunks, col_chunks
    if not with_valid:
        dsk = HighLevelGraph(layers, dependencies)
        return da.Array(dsk, name, tuple(out_chunks), dtype=fill.dtype), None
    # The tasks of `name` return pairs: one array for each half.
    per_band = bands_can_differ(source.dtype, fill.dtype)
    valid_chunks = tuple(out_chunks) if per_band else (row_chunks, col_chunks)
    halves = []
    for half, (what, half_chunks, dtype) in enumerate(
        [("values", tuple(out_chunks), fill.dtype), ("valid", valid_chunks, np.dtype(bool))]
    ):
        half_name = name.replace("resample", what)
        half_layers = layers | {half_name: _half_layer(half_name, name, half, half_chunks, axes, source.ndim)}
        dsk = HighLevelGraph(half_layers, dependencies | {half_name: {name}})
        halves.append(da.Array(dsk, half_name, half_chunks, dtype=dtype))
    return halves[0], halves[1]


def _chunk_layer(
    name: str, node_name: str, source: da.Array, common: Resampling, plan: ChunkPlan
) -> dict[Any, Task]:
    """Return the tasks of all target chunks, keyed as the blocks of the output."""
    row_axis, col_axis = common.axes
    leading = [range(1 if axis in common.axes else len(sizes)) for axis, sizes in enumerate(source.chunks)]
    layer = {}
    for i, j in product(range(len(plan.target_rows)), range(len(plan.target_cols))):
        r0, r1, c0, c1 = plan.blocks[i, j].tolist()
        task = ChunkTask(common, plan.target(i, j), plan.source_rows[r0:r1], plan.source_cols[c0:c1])
        for index in product(*leading):
            key = (name, *_at(index, common.axes, (i, j)))
            if r0 == r1:
                shape = [sizes[k] for sizes, k in zip(source.chunks, index, strict=True)]
                shape[row_axis], shape[col_axis] = task.target.shape
                layer[key] = Task(key, fill_chunk, task, tuple(shape), source.dtype)
                continue
            blocks = [
                TaskRef((source.name, *_at(index, common.axes, (r, c))))
                for r in range(r0, r1)
                for c in range(c0, c1)
            ]
            layer[key] = Task(key, resample_chunk, task, TaskRef((node_name, i, j)), *blocks)
    return layer


def _half_layer(
    name: str,
    pair_name: str,
    half: int,
    chunks: tuple[tuple[int, ...], ...],
    axes: tuple[int, int],
    ndim: int,
) -> dict[Any, Task]:
    """Return tasks that take one half of each pair; a 2-D half is that of the first leading block."""
    layer = {}
    for index in product(*(range(len(sizes)) for sizes in chunks)):
        whole = index if len(index) == ndim else _at((0,) * ndim, axes, index)
        key = (name, *index)
        layer[key] = Task(key, getitem, TaskRef((pair_name, *whole)), half)
    return layer


def _at(index: Sequence[int], axes: tuple[int, int], spatial: Sequence[int]) -> tuple[int, ...]:
    """Return a block index with its two spatial entries replaced."""
    replaced = list(index)
    replaced[axes[0]], replaced[axes[1]] = spatial
    return tuple(replaced)
