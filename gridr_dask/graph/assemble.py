"""A dask array from a plan: one task per target chunk, fed with the source blocks or windows it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import getitem
from typing import Any, Protocol

import dask.array as da
import numpy as np
from dask._task_spec import GraphNode, Task, TaskRef
from dask.array.core import Array
from dask.highlevelgraph import HighLevelGraph
from dask.tokenize import tokenize

from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.geometry import Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.images import Image
from gridr_dask.graph.layer import BlockLayer, Index, Key, Recipe
from gridr_dask.graph.stored import Stored, read
from gridr_dask.graph.tasks import ChunkTask, Resampling, fill_chunk, resample_chunk
from gridr_dask.graph.tiling import Tiling
from gridr_dask.plan import Chunking, ChunkPlan
from gridr_dask.plan.chunks import spans_of

__all__ = ["resample_lazily", "unmade"]

_Chunks = tuple[tuple[int, ...], ...]
_Parts = tuple[list[Any], tuple[Span, ...], tuple[Span, ...]]
"""What tasks are given, row by row, and where its rows and columns stand in the source."""


def resample_lazily(image: Image, tiling: Tiling) -> tuple[Array, Array | None]:
    """Return the resampled target as a dask array, and its validity if it is asked for.

    Parameters
    ----------
    image : Image
        What is resampled. Axes that are not spatial keep their chunks.
    tiling : Tiling
        The target in chunks, made for images of this shape.
    """
    source, mask, common = image.source, image.mask, image.resampling
    plan = tiling.chunks[common.kernel]
    mask_name = None if mask is None else mask.name
    name = f"gridr-resample-{tokenize(tiling.token, source.name, mask_name, common)}"
    chunks, valid_chunks, valid_axes = _chunks_of(image, plan.target)
    node_name, nodes = f"gridr-nodes-{tiling.token}", tiling.positions.recipe(plan.target)
    # Nodes that a single task needs are part of it: a task of their own costs the scheduler as much.
    shared = sum(load.blocks for load in tiling.plan.loads) > 1
    recipe = _ChunkRecipe(
        _Reference(node_name) if shared else nodes,
        _input(source, common.axes, of_mask=False),
        None if mask is None else _input(mask, (0, 1), of_mask=True),
        source.chunks,
        source.dtype,
        common,
        plan,
    )
    inputs = [source] if mask is None else [source, mask]
    below = {array.name for array in tiling.positions.arrays}
    graph = _joined([*inputs, *tiling.positions.arrays])
    if shared:
        graph = _with_layer(graph, node_name, plan.target.shape, nodes, below)
        below = {node_name}
    counts = tuple(map(len, chunks))
    graph = _with_layer(graph, name, counts, recipe, below | {array.name for array in inputs})
    if not common.with_valid:
        made = Array(graph, name, chunks, dtype=common.fill.dtype)
        return _finished(made, common.axes, image, tiling), None
    values_name, valid_name = (name.replace("resample", half, 1) for half in ("values", "valid"))
    values = _with_layer(graph, values_name, counts, _HalfRecipe(name, 0), {name})
    half = _HalfRecipe(name, 1, None if valid_chunks is chunks else common.axes, len(chunks))
    valid = _with_layer(graph, valid_name, tuple(map(len, valid_chunks)), half, {name})
    halves = (
        (Array(values, values_name, chunks, dtype=common.fill.dtype), common.axes),
        (Array(valid, valid_name, valid_chunks, dtype=np.dtype(bool)), valid_axes),
    )
    result, validity = (_finished(half, axes, image, tiling) for half, axes in halves)
    return result, validity


def unmade(image: Image, target: Window) -> tuple[Array, Array | None]:
    """Return what `resample_lazily` does for a target, but one chunk that is full of fill."""
    chunks, valid_chunks, _ = _chunks_of(image, Chunking((target.rows,), (target.cols,)))
    fill = image.resampling.fill
    values = da.full(tuple(map(sum, chunks)), fill[()], dtype=fill.dtype, chunks=chunks)
    if not image.resampling.with_valid:
        return values, None
    return values, da.zeros(tuple(map(sum, valid_chunks)), dtype=bool, chunks=valid_chunks)


def _chunks_of(image: Image, target: Chunking) -> tuple[_Chunks, _Chunks, tuple[int, int]]:
    """Return the chunks of a result, those of its validity, and which axes of the latter are spatial.

    Bands whose validity can't differ share a plane of it.
    """
    common = image.resampling
    rows, cols = (tuple(sizes.tolist()) for sizes in target.sizes)
    chunks = _at(image.source.chunks, common.axes, (rows, cols))
    if bands_can_differ(image.source.dtype, common.fill.dtype, common.rule):
        return chunks, chunks, common.axes
    return chunks, (rows, cols), (0, 1)


def _finished(array: Array, axes: tuple[int, int], image: Image, tiling: Tiling) -> Any:
    """Return an array with its parts put together, of the kind that the source is."""
    joined = tiling.plan.joined
    if joined is not None:
        sizes = [tuple(sizes.tolist()) for sizes in joined.sizes]
        # By tasks: p2p, which dask may choose on a cluster, sends all of an array through disks.
        array = array.rechunk(_at(array.chunks, axes, sizes), method="tasks")
    return array if image.as_expression is None else image.as_expression(array)


def _joined(arrays: Sequence[Array | Stored]) -> HighLevelGraph:
    """Return a graph of the layers of all arrays."""
    layers: dict[str, Any] = {}
    dependencies: dict[str, set[str]] = {}
    for array in arrays:
        layers.update(array.dask.layers)
        dependencies.update(array.dask.dependencies)
    return HighLevelGraph(layers, dependencies)


def _with_layer(
    graph: HighLevelGraph, name: str, counts: tuple[int, ...], recipe: Recipe, inputs: set[str]
) -> HighLevelGraph:
    layer = BlockLayer(name, counts, recipe)
    return HighLevelGraph({**graph.layers, name: layer}, {**graph.dependencies, name: inputs})


class _Input(Protocol):
    """A source or a mask, as far as tasks take it."""

    def parts(self, plan: ChunkPlan, i: int, j: int, index: Index) -> _Parts:
        """Return what target chunk (i, j) reads, in the task of block `index` of the result."""


@dataclass(frozen=True)
class _Blocks:
    """The blocks of a dask array: tasks depend on them."""

    name: str
    blocks: Chunking
    axes: tuple[int, int]
    of_mask: bool

    def parts(self, plan: ChunkPlan, i: int, j: int, index: Index) -> _Parts:
        """Return references to blocks."""
        rows, cols = (plan.mask_blocks if self.of_mask else plan.source_blocks)(i, j, self.blocks)
        places = [_at(index, self.axes, (r, c)) for r in rows for c in cols]
        refs = [TaskRef((self.name, *place)) for place in places]
        return refs, _pick(self.blocks.rows, rows), _pick(self.blocks.cols, cols)


@dataclass(frozen=True)
class _Windows:
    """Windows of an array in a store: tasks read them."""

    name: str
    chunks: _Chunks
    axes: tuple[int, int]
    of_mask: bool

    def parts(self, plan: ChunkPlan, i: int, j: int, index: Index) -> _Parts:
        """Return the reading of windows: several where what stands past an edge comes from elsewhere."""
        rows, cols = (plan.mask_spans if self.of_mask else plan.source_spans)(i, j)
        window = [
            slice(0) if axis in self.axes else slice(*spans_of(sizes)[index[axis]])
            for axis, sizes in enumerate(self.chunks)
        ]
        windows = [_at(window, self.axes, (slice(*row), slice(*col))) for row in rows for col in cols]
        return [Task(None, read, TaskRef(self.name), part) for part in windows], tuple(rows), tuple(cols)


def _input(array: Array | Stored, axes: tuple[int, int], *, of_mask: bool) -> _Input:
    if isinstance(array, Stored):
        return _Windows(array.name, array.chunks, axes, of_mask)
    blocks = Chunking.from_sizes(*(array.chunks[axis] for axis in axes))
    return _Blocks(array.name, blocks, axes, of_mask)


@dataclass(frozen=True)
class _Reference:
    """Blocks that another layer makes."""

    name: str

    def task(self, key: Key, index: Index) -> TaskRef:
        """Return where the block is."""
        return TaskRef((self.name, *index))


@dataclass(frozen=True)
class _ChunkRecipe:
    """Target chunks from their nodes and what they read."""

    nodes: Recipe | _Reference
    source: _Input
    mask: _Input | None
    source_chunks: _Chunks
    source_dtype: np.dtype[Any]
    common: Resampling
    plan: ChunkPlan

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return the task of a chunk; one that sees no source depends on nothing."""
        common, plan = self.common, self.plan
        i, j = (index[axis] for axis in common.axes)
        target = plan.window(i, j)
        if not plan.sees_source(i, j):
            shape = [
                0 if axis in common.axes else sizes[index[axis]]
                for axis, sizes in enumerate(self.source_chunks)
            ]
            filled = _at(shape, common.axes, target.shape)
            return Task(key, fill_chunk, ChunkTask(common, target), filled, self.source_dtype)
        refs, *spans = self.source.parts(plan, i, j, index)
        if self.mask is not None:
            mask_refs, *mask_spans = self.mask.parts(plan, i, j, (0, 0))
            refs, spans = refs + mask_refs, spans + mask_spans
        chunk = ChunkTask(common, target, *spans)
        return Task(key, resample_chunk, chunk, self.nodes.task(None, (i, j)), *refs)


@dataclass(frozen=True)
class _HalfRecipe:
    """One half of the pairs that another layer makes; with `axes`, of the first pair along all others."""

    pairs: str
    half: int
    axes: tuple[int, int] | None = None
    ndim: int = 0

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return the task that takes the half."""
        if self.axes is not None:
            # A plane of validity that all bands share is that of the first leading block.
            index = _at((0,) * self.ndim, self.axes, index)
        return Task(key, getitem, TaskRef((self.pairs, *index)), self.half)


def _pick(spans: tuple[Span, ...], indices: Sequence[int]) -> tuple[Span, ...]:
    return tuple(spans[k] for k in indices)


def _at(index: Sequence[Any], axes: tuple[int, int], spatial: Sequence[Any]) -> tuple[Any, ...]:
    """Return an index with its two spatial entries replaced."""
    replaced = list(index)
    replaced[axes[0]], replaced[axes[1]] = spatial
    return tuple(replaced)
