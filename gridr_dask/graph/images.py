"""The images of a call as dask arrays, and what their tasks weigh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from dask._task_spec import DataNode, GraphNode
from dask.array.core import Array, normalize_chunks
from dask.highlevelgraph import HighLevelGraph
from dask.tokenize import tokenize

from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.graph.expressions import as_graph, expression_like, is_expression
from gridr_dask.graph.layer import BlockLayer, Index, Key
from gridr_dask.graph.stored import Stored
from gridr_dask.graph.tasks import Resampling
from gridr_dask.plan import Chunking, ChunkPlan, Load
from gridr_dask.plan.chunks import spans_of
from gridr_dask.settings import task_memory

__all__ = ["Image", "image_of", "is_dask"]

_SIDE, _BLOCK = 2048, 16 << 20
"""Rows and columns, and bytes, of a block of an image in memory: on a cluster a task is sent whole blocks."""


_READS, _CHUNKS = 2, 16
"""How often tasks may read a chunk of a store on average, and how many they may be handed instead."""


def is_dask(array: object) -> bool:
    """Return whether an array is a dask array: with a graph, or an expression."""
    return isinstance(array, Array) or is_expression(array)


@dataclass(frozen=True)
class Image:
    """A source, its mask, and what is done with them: blocks of dask, or windows that tasks read."""

    source: Array | Stored
    mask: Array | Stored | None
    resampling: Resampling
    as_expression: Callable[[Array], Any] | None = None
    """What makes expressions of the results, if they are to be some."""
    may_change: bool = False
    """Whether blocks may be made of windows."""

    @property
    def blocks(self) -> Chunking:
        """Blocks of the source along its spatial axes, or chunks of its store."""
        rows, cols = (self.source.chunks[axis] for axis in self.resampling.axes)
        return Chunking.from_sizes(rows, cols)

    @property
    def mask_blocks(self) -> Chunking | None:
        """Blocks of the mask."""
        return None if self.mask is None else Chunking.from_sizes(*self.mask.chunks)

    def settled(self, plan: ChunkPlan) -> Image:
        """Return the image as the tasks of a plan should take it: in blocks where windows are read too often.

        Blocks wait in memory for their last task. They are not made if a row of target chunks needs more of
        them than half of what a task may hold, nor if tasks would be handed very many.
        """
        if not self.may_change or not isinstance(self.source, Stored):
            return self
        blocks = self.blocks
        handed, distinct = plan.handed(blocks)
        area = prod(int(sizes.max(initial=1)) for sizes in blocks.sizes)
        if handed <= _READS * distinct or handed > _CHUNKS * area * int(plan.seen.sum()):
            return self
        load = self.load("")
        if 2 * plan.held(blocks) * load.bands * load.itemsize > task_memory():
            return self
        mask = self.mask.in_blocks() if isinstance(self.mask, Stored) else self.mask
        return replace(self, source=self.source.in_blocks(), mask=mask)

    def load(self, name: str) -> Load:
        """Return what the tasks of the image hold."""
        common, dtype = self.resampling, self.source.dtype
        leading = [sizes for axis, sizes in enumerate(self.source.chunks) if axis not in common.axes]
        bands = prod(max(sizes) for sizes in leading)
        checked = common.rule.applies_to(dtype)
        per_band = bands_can_differ(dtype, common.fill.dtype, common.rule)
        mask = self.mask
        return Load(
            name=name,
            source=self.blocks,
            bands=bands,
            all_bands=prod(map(sum, leading)),
            blocks=prod(map(len, leading)),
            # Bytes in another order are turned, in a copy.
            itemsize=dtype.itemsize * (1 if dtype.isnative else 2),
            result_itemsize=common.fill.dtype.itemsize,
            valid_bytes=(bands if per_band else 1) if common.with_valid else 0,
            checked_bytes=2 if checked else 0,
            parts=(2 if dtype.kind == "c" else 1) if common.kernel.is_spline else 0,
            mask=self.mask_blocks,
            source_is_stored=isinstance(self.source, Stored),
            mask_is_stored=isinstance(mask, Stored),
            # What is neither bool nor byte is brought to it, in a copy.
            mask_bytes=0 if mask is None else mask.dtype.itemsize + (mask.dtype.char not in "?B"),
        )


def image_of(
    source: Any, mask: Any, resampling: Resampling, like: Any = None, *, may_change: bool = False
) -> Image:
    """Return the image of a source and a mask, numpy, dask or stored; results are arrays like another one."""
    mask = None if mask is None else _as_input(mask, (0, 1))
    return Image(_as_input(source, resampling.axes), mask, resampling, expression_like(like), may_change)


def _as_input(array: Any, axes: tuple[int, int]) -> Array | Stored:
    """Return what tasks take. An array in memory is cut when its blocks are asked for, without a copy."""
    array = as_graph(array)
    if isinstance(array, (Array, Stored)):
        return array
    array = np.asarray(array)
    spatial = {axis % array.ndim for axis in axes}
    sizes = [max(min(n, _SIDE), 1) if axis in spatial else "auto" for axis, n in enumerate(array.shape)]
    chunks = normalize_chunks(tuple(sizes), array.shape, limit=_BLOCK, dtype=array.dtype)
    name = f"gridr-array-{tokenize(array, chunks)}"
    layer = BlockLayer(name, tuple(map(len, chunks)), _Pieces(array, chunks))
    return Array(HighLevelGraph({name: layer}, {name: set()}), name, chunks, dtype=array.dtype)


@dataclass(frozen=True)
class _Pieces:
    array: npt.NDArray[Any]
    chunks: tuple[tuple[int, ...], ...]

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return a piece of the array."""
        spans = (spans_of(sizes)[k] for sizes, k in zip(self.chunks, index, strict=True))
        return DataNode(key, self.array[tuple(slice(*span) for span in spans)])
