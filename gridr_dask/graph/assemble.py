"""A dask array from a plan: one task per target chunk, fed with the source blocks that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Grid, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.nodes import bounds_of_chunks, node_layer, rule_layer
from gridr_dask.graph.tasks import ChunkTask, Resampling, fill_chunk, resample_chunk
from gridr_dask.plan import Chunking, ChunkPlan, plan_chunks
from gridr_dask.plan.chunks import spans_of
from gridr_dask.positions import Rule

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
    resampling: Resampling,
    mask: Any = None,
    displacement: bool = False,
    positions: Rule | None = None,
) -> tuple[da.Array, da.Array | None]:
    """Return the resampled window as a dask array, and its validity if it is asked for.

    Parameters
    ----------
    source, rows, cols : numpy or dask array
        The image and the node coordinates. Dask coordinates are computed once, here, for their extents.
    grid, target
        Shape and spacing of the grid, and the pixels of its target that are wanted.
    chunks : (row chunks, col chunks)
        Chunks of the target, in any form that dask takes for one axis.
    resampling : Resampling
        What all chunks have in common; its axes are non-negative. Other axes keep the source's chunks.
    mask : numpy or dask array, optional
        Validity of the source, 2-D, with chunks of its own.
    displacement : bool
        Whether the nodes hold displacements.
    positions : Rule, optional
        A grid that is a rule; `rows` and `cols` are then None, and not looked at.

    Raises
    ------
    InvalidInputError
        If the chunks do not fit the target.
    """
    source = source if is_dask(source) else da.from_array(source)
    if is_dask(rows) or is_dask(cols):
        rows = da.asarray(rows)
        cols = da.asarray(cols).rechunk(rows.chunks)
    if mask is not None and not is_dask(mask):
        mask = da.from_array(mask)
    row_chunks, col_chunks = _chunk_sizes(chunks, target.shape, resampling.fill.dtype)
    target_chunks = Chunking(spans_of(row_chunks, target.rows[0]), spans_of(col_chunks, target.cols[0]))
    # The nodes of every chunk; those of a row of chunks share their rows.
    row_nodes = [grid.nodes_of(Window(span, target.cols)).rows for span in target_chunks.rows]
    col_nodes = [grid.nodes_of(Window(target.rows, span)).cols for span in target_chunks.cols]
    if positions is None:
        step = grid.resolution if displacement else None
        bounds = bounds_of_chunks(rows, cols, row_nodes, col_nodes, step)
    else:
        bounds = positions.bounds(target_chunks)
    plan = plan_chunks(
        bounds,
        target_chunks,
        resampling.kernel,
        resampling.boundary,
        resampling.source_shape,
        resampling.source_origin,
    )
    kind = positions if positions is not None else displacement
    token = tokenize(rows, cols, kind, grid, target, row_chunks, col_chunks)
    node_name = f"gridr-nodes-{token}"
    wanted = [
        (i, j) for i, j in product(range(len(row_nodes)), range(len(col_nodes))) if plan.sees_source(i, j)
    ]
    targets = {(i, j): plan.window(i, j) for i, j in wanted}
    if positions is None:
        nodes = {(i, j): Window(row_nodes[i], col_nodes[j]) for i, j in wanted}
        node_tasks = node_layer(node_name, rows, cols, grid, nodes, targets if displacement else None)
    else:
        node_tasks = rule_layer(node_name, positions, targets)
    mask_name = None if mask is None else mask.name
    name = f"gridr-resample-{tokenize(token, source.name, mask_name, resampling)}"
    layers = {
        node_name: node_tasks,
        name: _chunk_layer(name, node_name, source, mask, resampling, plan),
    }
    dependencies = {
        node_name: {rows.name, cols.name} if is_dask(rows) else set(),
        name: {node_name, source.name} | ({mask_name} if mask_name else set()),
    }
    for array in (source, rows, cols, mask):
        if is_dask(array):
            layers.update(array.dask.layers)
            dependencies.update(array.dask.dependencies)
    out_chunks = list(source.chunks)
    out_chunks[resampling.axes[0]], out_chunks[resampling.axes[1]] = row_chunks, col_chunks
    graph = HighLevelGraph(layers, dependencies)
    if not resampling.with_valid:
        return da.Array(graph, name, tuple(out_chunks), dtype=resampling.fill.dtype), None
    return _halves(graph, name, source.dtype, tuple(out_chunks), resampling)


def _chunk_sizes(chunks: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
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


def _halves(
    graph: HighLevelGraph,
    name: str,
    source_dtype: np.dtype[Any],
    chunks: tuple[tuple[int, ...], ...],
    resampling: Resampling,
) -> tuple[da.Array, da.Array]:
    """Return one array for each half of the pairs that the tasks of `name` return."""
    axes, dtype = resampling.axes, resampling.fill.dtype
    per_band = bands_can_differ(source_dtype, dtype, resampling.rule)
    valid_chunks = chunks if per_band else (chunks[axes[0]], chunks[axes[1]])
    halves = []
    for half, (what, half_chunks, half_dtype) in enumerate(
        [("values", chunks, dtype), ("valid", valid_chunks, np.dtype(bool))]
    ):
        half_name = name.replace("resample", what)
        # A plane of validity that all bands share is that of the first leading block.
        first = (0,) * len(chunks)
        keys = {
            index: index if half_chunks is chunks else _at(first, axes, index)
            for index in product(*(range(len(sizes)) for sizes in half_chunks))
        }
        layer = _half_layer(half_name, name, half, keys)
        dsk = HighLevelGraph({**graph.layers, half_name: layer}, {**graph.dependencies, half_name: {name}})
        halves.append(da.Array(dsk, half_name, half_chunks, dtype=half_dtype))
    return halves[0], halves[1]


def _chunk_layer(
    name: str,
    node_name: str,
    source: da.Array,
    mask: da.Array | None,
    common: Resampling,
    plan: ChunkPlan,
) -> dict[Any, Task]:
    """Return the tasks of all target chunks, keyed as the blocks of the output."""
    axes = common.axes
    source_chunks = Chunking.from_sizes(source.chunks[axes[0]], source.chunks[axes[1]])
    mask_chunks = None if mask is None else Chunking.from_sizes(*mask.chunks)
    leading = [range(1 if axis in axes else len(sizes)) for axis, sizes in enumerate(source.chunks)]
    layer = {}
    for i, j in product(range(len(plan.target.rows)), range(len(plan.target.cols))):
        task = ChunkTask(common, plan.window(i, j))
        if not plan.sees_source(i, j):
            for index in product(*leading):
                shape = [sizes[k] for sizes, k in zip(source.chunks, index, strict=True)]
                shape[axes[0]], shape[axes[1]] = task.target.shape
                key = (name, *_at(index, axes, (i, j)))
                layer[key] = Task(key, fill_chunk, task, tuple(shape), source.dtype)
            continue
        rows, cols = plan.source_blocks(i, j, source_chunks)
        task = replace(task, rows=_pick(source_chunks.rows, rows), cols=_pick(source_chunks.cols, cols))
        masks: list[TaskRef] = []
        if mask is not None and mask_chunks is not None:
            mask_rows, mask_cols = plan.mask_blocks(i, j, mask_chunks)
            masks = [TaskRef((mask.name, r, c)) for r in mask_rows for c in mask_cols]
            spans = _pick(mask_chunks.rows, mask_rows), _pick(mask_chunks.cols, mask_cols)
            task = replace(task, mask_rows=spans[0], mask_cols=spans[1])
        for index in product(*leading):
            key = (name, *_at(index, axes, (i, j)))
            blocks = [TaskRef((source.name, *_at(index, axes, (r, c)))) for r in rows for c in cols]
            layer[key] = Task(key, resample_chunk, task, TaskRef((node_name, i, j)), *blocks, *masks)
    return layer


def _pick(spans: tuple[Span, ...], indices: Sequence[int]) -> tuple[Span, ...]:
    return tuple(spans[k] for k in indices)


def _half_layer(
    name: str, pair_name: str, half: int, keys: Mapping[tuple[int, ...], tuple[int, ...]]
) -> dict[Any, Task]:
    """Return tasks that take one half of each pair; `keys` are block indices of the half and of its pair."""
    return {
        (name, *index): Task((name, *index), getitem, TaskRef((pair_name, *whole)), half)
        for index, whole in keys.items()
    }


def _at(index: Sequence[int], axes: tuple[int, int], spatial: Sequence[int]) -> tuple[int, ...]:
    """Return a block index with its two spatial entries replaced."""
    replaced = list(index)
    replaced[axes[0]], replaced[axes[1]] = spatial
    return tuple(replaced)
