"""Where positions come from: extents before a graph is built, then the nodes of each target chunk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from dask._task_spec import DataNode, GraphNode, Task, TaskRef
from dask.array.core import Array, asarray
from dask.base import compute
from dask.delayed import delayed
from dask.tokenize import tokenize

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Grid, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.expressions import as_graph
from gridr_dask.graph.layer import Index, Key, Recipe
from gridr_dask.graph.tasks import AtNodes, gather_nodes, hulls_of_block, nodes_by_rule
from gridr_dask.plan import Chunking, position_bounds
from gridr_dask.plan.footprint import settled
from gridr_dask.positions import Rule, displaced, displaced_at_nodes

__all__ = [
    "DaskPositions",
    "DisplacedPositions",
    "NumpyPositions",
    "Positions",
    "RulePositions",
    "positions_of",
]


class Positions(Protocol):
    """Source positions of a target, at the nodes of a grid; a value with a dask token."""

    @property
    def grid(self) -> Grid:
        """Shape and spacing of the nodes."""

    @property
    def node_bytes(self) -> int:
        """Bytes that a task holds for each node."""

    @property
    def arrays(self) -> tuple[Array, ...]:
        """What the tasks of the recipe depend on."""

    @property
    def made_on_demand(self) -> bool:
        """Whether nodes are made when they are asked for, better not for a whole target at once."""

    def nodes(self, window: Window) -> Nodes:
        """Return the nodes around a window of the target, now: for what is eager."""

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return the extent of the positions of each target chunk, as `position_bounds`."""

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of blocks (i, j) that hold the `Nodes` of each target chunk."""


def positions_of(rows: Any, cols: Any, grid: Grid, displacement: bool = False) -> Positions:
    """Return the positions that two arrays hold, numpy or dask; or that displacements lead to."""
    rows, cols = as_graph(rows), as_graph(cols)
    given: NumpyPositions | DaskPositions
    if isinstance(rows, Array) or isinstance(cols, Array):
        rows, cols = asarray(rows), asarray(cols)
        # Without the empty blocks that a selection may leave.
        chunks = tuple(tuple(size for size in sizes if size) for sizes in rows.chunks)
        given = DaskPositions(rows.rechunk(chunks), cols.rechunk(chunks), grid)
    else:
        given = NumpyPositions(rows, cols, grid)
    return DisplacedPositions(given) if displacement else given


def _as_given(nodes: Nodes) -> Nodes:
    return nodes


@dataclass(frozen=True)
class NumpyPositions:
    """A grid in memory. Each task is sent its own nodes only, cut out when the task is made."""

    rows: npt.NDArray[Any]
    cols: npt.NDArray[Any]
    grid: Grid

    arrays = ()
    made_on_demand = False

    @cached_property
    def _token(self) -> str:
        return tokenize(self.rows, self.cols, self.grid)

    def __dask_tokenize__(self) -> str:
        # Found once, however many parts of the target are planned.
        return self._token

    @property
    def node_bytes(self) -> int:
        """Bytes of both coordinates."""
        return int(self.rows.itemsize + self.cols.itemsize)

    def nodes(self, window: Window) -> Nodes:
        """Return the nodes around a window, as views."""
        needed = self.grid.nodes_of(window)
        first, part = (needed.rows[0], needed.cols[0]), needed.slices
        return Nodes(self.rows[part], self.cols[part], first, self.grid.resolution)

    def bounds(self, target: Chunking, at_nodes: AtNodes = _as_given) -> npt.NDArray[np.float64]:
        """Return the extent of the positions of each target chunk."""
        nodes = at_nodes(self.nodes(target.whole))
        return position_bounds(
            nodes.rows, nodes.cols, target.rows, target.cols, nodes.first, nodes.resolution
        )

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of the pieces."""
        return _NumpyPieces(self, target)


@dataclass(frozen=True)
class _NumpyPieces:
    positions: NumpyPositions
    target: Chunking

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return the nodes of a target chunk."""
        return DataNode(key, self.positions.nodes(self.target.window(*index)))


@dataclass(frozen=True)
class DaskPositions:
    """A lazy grid. It stays where it is: tasks cut the pieces out of its blocks.

    Both coordinates have the same chunks, and none is empty.
    """

    rows: Array
    cols: Array
    grid: Grid

    made_on_demand = False

    @property
    def node_bytes(self) -> int:
        """Bytes of both coordinates, in the blocks and in the piece that is cut out of them."""
        return 2 * int(self.rows.dtype.itemsize + self.cols.dtype.itemsize)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Both coordinates."""
        return self.rows, self.cols

    def nodes(self, window: Window) -> Nodes:
        """Return the nodes around a window, computed."""
        needed = self.grid.nodes_of(window)
        rows, cols = compute(self.rows[needed.slices], self.cols[needed.slices])
        return Nodes(rows, cols, (needed.rows[0], needed.cols[0]), self.grid.resolution)

    def bounds(self, target: Chunking, at_nodes: AtNodes = _as_given) -> npt.NDArray[np.float64]:
        """Return the extent of the positions of each target chunk.

        What is needed of the grid is computed once, block by block: each block is reduced where it lies and
        only the extents come back. Cells between blocks count whole.
        """
        needed, blocks = self.grid.nodes_of(target.whole), Chunking.from_sizes(*self.rows.chunks)
        met = blocks.meeting(needed)
        # Cut out first: the keys of all blocks of a large grid are not to be listed for some of them.
        blocks = Chunking(tuple(blocks.rows[k] for k in met[0]), tuple(blocks.cols[k] for k in met[1]))
        rows, cols = (part[blocks.whole.slices].to_delayed() for part in (self.rows, self.cols))
        spans = self.grid.nodes_of_chunks(target.rows, target.cols)
        pixels = [np.asarray(given) for given in (target.rows, target.cols)]
        parts, places = [], []
        for (i, row_block), (j, col_block) in product(enumerate(blocks.rows), enumerate(blocks.cols)):
            in_rows, in_cols = _meeting(spans[0], row_block), _meeting(spans[1], col_block)
            if len(in_rows) and len(in_cols):
                where = (row_block[0], col_block[0]), self.grid.resolution
                here = pixels[0][in_rows], pixels[1][in_cols]
                parts.append(
                    delayed(hulls_of_block, pure=True)(rows[i, j], cols[i, j], *where, *here, at_nodes)
                )
                places.append(np.ix_(np.arange(2), in_rows, in_cols))
        hulls = np.tile([np.inf, -np.inf, np.inf, -np.inf], (2, *target.shape, 1))
        for place, part in zip(places, compute(*parts), strict=True):
            known = hulls[place]
            hulls[place] = np.where(
                [True, False, True, False], np.minimum(known, part), np.maximum(known, part)
            )
        return settled(hulls, self.grid.resolution)

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
        window = self.grid.nodes_of(self.target.window(*index))
        rows, cols = self.blocks.meeting(window)
        first = self.blocks.rows[rows[0]][0], self.blocks.cols[cols[0]][0]
        refs = [TaskRef((name, r, c)) for name in self.names for r in rows for c in cols]
        return Task(key, gather_nodes, window, first, self.grid.resolution, (len(rows), len(cols)), *refs)


@dataclass(frozen=True)
class DisplacedPositions:
    """Nodes that hold displacements: these are interpolated first, then the pixel's own index is added."""

    given: NumpyPositions | DaskPositions

    made_on_demand = True

    @property
    def grid(self) -> Grid:
        """Shape and spacing of the displacements."""
        return self.given.grid

    @property
    def node_bytes(self) -> int:
        """Bytes of the displacements, and of the positions of the pixels between two nodes, while made."""
        pixels = self.grid.resolution[0] * self.grid.resolution[1]
        return self.given.node_bytes + 3 * 16 * pixels

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Those of the displacements."""
        return self.given.arrays

    def nodes(self, window: Window) -> Nodes:
        """Return a node for each pixel of a window."""
        return displaced(self.given.nodes(window), window)

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return the extent of the positions of each target chunk."""
        return self.given.bounds(target, displaced_at_nodes)

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of the pieces."""
        return _DisplacedPieces(self.given.recipe(target), target)


@dataclass(frozen=True)
class _DisplacedPieces:
    given: Recipe
    target: Chunking

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return a task that makes the nodes of a target chunk."""
        window = self.target.window(*index)
        return Task(key, displaced, self.given.task(key, index), window)


@dataclass(frozen=True)
class RulePositions:
    """A grid that is a rule, evaluated where its nodes are needed."""

    rule: Rule

    arrays = ()
    made_on_demand = True
    node_bytes = 16

    @property
    def grid(self) -> Grid:
        """A node for each pixel: no rule has more."""
        return Grid(self.rule.shape)

    def nodes(self, window: Window) -> Nodes:
        """Return the nodes around a window."""
        return self.rule.nodes(window)

    def bounds(self, target: Chunking) -> npt.NDArray[np.float64]:
        """Return what holds all positions of each target chunk."""
        return self.rule.bounds(target)

    def recipe(self, target: Chunking) -> Recipe:
        """Return the recipe of the nodes."""
        return _RulePieces(self.rule, target)


@dataclass(frozen=True)
class _RulePieces:
    rule: Rule
    target: Chunking

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return a task that makes the nodes of a target chunk."""
        return Task(key, nodes_by_rule, self.rule, self.target.window(*index))


def _meeting(spans: npt.NDArray[np.int64], block: Span) -> npt.NDArray[np.int64]:
    """Return which spans meet a block."""
    return np.flatnonzero((spans[:, 0] < block[1]) & (spans[:, 1] > block[0]))
