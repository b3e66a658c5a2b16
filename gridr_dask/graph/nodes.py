"""Where the positions of a target come from: extents before a graph is built, then the nodes of each chunk.

What else can tell positions, such as a formula, is a class more with the face of `Positions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask._task_spec import DataNode, GraphNode, Task, TaskRef
from dask.base import compute
from dask.delayed import delayed

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Grid, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.expressions import from_expression, is_expression
from gridr_dask.graph.layer import Index, Key, Recipe
from gridr_dask.graph.tasks import gather_nodes
from gridr_dask.plan import Chunking, node_bounds
from gridr_dask.plan.chunks import spans_of
from gridr_dask.plan.footprint import Spans

__all__ = ["DaskPositions", "NumpyPositions", "Positions", "positions_of"]


class Positions(Protocol):
    """Source positions of a target, at the nodes of a grid; a value with a dask token."""

    @property
    def grid(self) -> Grid:
        """Shape and spacing of the nodes."""

    @property
    def node_bytes(self) -> int:
        """Bytes that a task holds for each node."""

    @property
    def arrays(self) -> tuple[da.Array, ...]:
        """What the tasks of the recipe depend on."""

    def nodes(self) -> Nodes:
        """Return all nodes, now: for what is eager."""

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return the extent of the positions of each target chunk, as `node_bounds`."""

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of blocks (i, j) that hold the `Nodes` of each target chunk."""


def positions_of(rows: Any, cols: Any, grid: Grid) -> Positions:
    """Return the positions that two arrays hold, numpy or dask."""
    rows, cols = (from_expression(part) if is_expression(part) else part for part in (rows, cols))
    if isinstance(rows, da.Array) or isinstance(cols, da.Array):
        rows = da.asarray(rows)
        return DaskPositions(rows, da.asarray(cols).rechunk(rows.chunks), grid)
    return NumpyPositions(rows, cols, grid)


@dataclass(frozen=True)
class NumpyPositions:
    """A grid in memory. Each task is sent its own nodes only, cut out when the task is made."""

    rows: npt.NDArray[Any]
    cols: npt.NDArray[Any]
    grid: Grid

    arrays = ()

    @property
    def node_bytes(self) -> int:
        """Bytes of both coordinates."""
        return int(self.rows.itemsize + self.cols.itemsize)

    def nodes(self) -> Nodes:
        """Return the grid."""
        return Nodes(self.rows, self.cols, (0, 0), self.grid.resolution)

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return the extent of the nodes of each target chunk."""
        return node_bounds(self.rows, self.cols, *self.grid.nodes_of_chunks(target.rows, target.cols))

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of the pieces."""
        return _NumpyPieces(self, target)


@dataclass(frozen=True)
class _NumpyPieces:
    positions: NumpyPositions
    target: Chunking

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return the nodes of a target chunk."""
        given, (i, j) = self.positions, index
        window = given.grid.nodes_of(Window(self.target.rows[i], self.target.cols[j]))
        first = window.rows[0], window.cols[0]
        rows, cols = given.rows[window.slices], given.cols[window.slices]
        return DataNode(key, Nodes(rows, cols, first, given.grid.resolution))


@dataclass(frozen=True)
class DaskPositions:
    """A lazy grid. It stays where it is: tasks cut the pieces out of its blocks.

    Both coordinates have the same chunks.
    """

    rows: da.Array
    cols: da.Array
    grid: Grid

    @property
    def node_bytes(self) -> int:
        """Bytes of both coordinates, in the blocks and in the piece that is cut out of them."""
        return 2 * int(self.rows.dtype.itemsize + self.cols.dtype.itemsize)

    @property
    def arrays(self) -> tuple[da.Array, ...]:
        """Both coordinates."""
        return self.rows, self.cols

    def nodes(self) -> Nodes:
        """Return the grid, computed."""
        rows, cols = compute(self.rows, self.cols)
        return Nodes(rows, cols, (0, 0), self.grid.resolution)

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return the extent of the nodes of each target chunk.

        The grid is computed once, block by block: each block is reduced where it lies and only the
        extents come back.
        """
        row_spans, col_spans = self.grid.nodes_of_chunks(target.rows, target.cols)
        return bounds_of_blocks(self.rows, self.cols, row_spans, col_spans)

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of the pieces, which knows the blocks of the grid by their keys."""
        names = self.rows.name, self.cols.name
        return _DaskPieces(names, Chunking.from_sizes(*self.rows.chunks), self.grid, target)


@dataclass(frozen=True)
class _DaskPieces:
    names: tuple[str, str]
    blocks: Chunking
    grid: Grid
    target: Chunking

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return a task that cuts out the nodes of a target chunk."""
        i, j = index
        window = self.grid.nodes_of(Window(self.target.rows[i], self.target.cols[j]))
        rows, cols = self.blocks.meeting(window)
        first = self.blocks.rows[rows[0]][0], self.blocks.cols[cols[0]][0]
        refs = [TaskRef((name, r, c)) for name in self.names for r in rows for c in cols]
        return Task(key, gather_nodes, window, first, self.grid.resolution, (len(rows), len(cols)), *refs)


def bounds_of_blocks(
    rows: da.Array, cols: da.Array, row_spans: Spans, col_spans: Spans
) -> npt.NDArray[np.float64]:
    """Return what `node_bounds` returns for a dask grid."""
    bounds = np.tile([np.inf, -np.inf, np.inf, -np.inf], (len(row_spans), len(col_spans), 1))
    blocks, places = [], []
    row_blocks, col_blocks = rows.to_delayed(), cols.to_delayed()
    for i, row_block in enumerate(spans_of(rows.chunks[0])):
        in_rows, rows_here = _clip(row_spans, row_block)
        for j, col_block in enumerate(spans_of(rows.chunks[1])):
            in_cols, cols_here = _clip(col_spans, col_block)
            if len(in_rows) and len(in_cols):
                reduce = delayed(node_bounds, pure=True)
                blocks.append(reduce(row_blocks[i, j], col_blocks[i, j], rows_here, cols_here))
                places.append(np.ix_(in_rows, in_cols))
    for place, part in zip(places, compute(*blocks), strict=True):
        known = bounds[place]
        bounds[place] = np.where([True, False, True, False], np.minimum(known, part), np.maximum(known, part))
    return bounds


def _clip(spans: Spans, block: Span) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which spans meet a block, and their part in it, counted from its start."""
    parts = np.clip(np.asarray(spans), *block)
    meets = parts[:, 0] < parts[:, 1]
    return np.flatnonzero(meets), parts[meets] - block[0]
