"""Positions by cells: bilinear between corners where that is exact enough, finer where it is not.

Cells stand at multiples of their size in the frame of the whole target, and whether one is divided depends on
its own corners and probes only. So a position does not depend on the window that it is computed for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Window
from gridr_dask.geometry.window import Span

__all__ = ["Cells", "Exact", "cell_nodes", "cells_at", "cells_of", "probe", "refined", "upsampled"]

_Array = npt.NDArray[Any]
_Floats = npt.NDArray[np.float64]

Transform = Callable[[_Floats, _Floats], tuple[_Floats, _Floats]]
"""From target rows and columns, 1-D, to source rows and columns; not finite where there is none."""

_PROBES = np.array([(0.0, 0.5), (0.5, 0.0), (0.5, 0.5), (0.5, 1.0), (1.0, 0.5), (0.25, 0.25), (0.25, 0.75)])
"""Where a cell is checked, as parts of its size: middles, where a quadratic deviates most from bilinear, and
two more for a cubic, which agrees at all middles of a cell around its inflection."""

_SHARE = 0.75
"""A cell passes with this part of the tolerance at its probes: the largest deviation may be between them."""

_VOID = 16
"""A cell of at most this size is believed to be void if no corner and no probe has a position."""

_FAR = 16
"""Source pixels past the edge, more than any kernel reaches: what lies there needs no position."""

_BATCH = 256
"""Cells that are divided at a time: bounds memory."""


@dataclass(frozen=True, slots=True)
class Exact:
    """What cells are measured against.

    Attributes
    ----------
    transform : callable
        The exact positions.
    tolerance : float
        Source pixels by which a position may be off.
    shape : (int, int)
        Rows and columns of the source: positions far from it count as none.
    size : int
        Of the largest cells, a power of two.
    """

    transform: Transform
    tolerance: float
    shape: tuple[int, int]
    size: int

    def at(self, rows: Any, cols: Any) -> _Floats:
        """Return positions at target rows and columns of any shape, stacked."""
        found = self.transform(rows.astype(np.float64).ravel(), cols.astype(np.float64).ravel())
        return np.stack([part.reshape(rows.shape) for part in found])


@dataclass(frozen=True)
class Cells:
    """Square cells of one size.

    Attributes
    ----------
    size : int
        Pixels along a side; for 1, the first corner is the pixel.
    rows, cols : ndarray of int64, (n,)
        First pixel of each.
    corners : ndarray of float64, (2, n, 4)
        Source rows and columns at the corners: upper left, upper right, lower right, lower left.
    """

    size: int
    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    corners: _Floats

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: Any) -> Cells:
        """Return some of them, by an index or a mask."""
        return Cells(self.size, self.rows[chosen], self.cols[chosen], self.corners[:, chosen])

    def within(self, window: Window) -> Cells:
        """Return those that meet a window."""
        (top, bottom), (left, right) = window.rows, window.cols
        meets = (self.rows < bottom) & (self.rows + self.size > top)
        meets &= (self.cols < right) & (self.cols + self.size > left)
        return self if meets.all() else self.take(meets)


def _between(corners: Sequence[Any], below: Any, right: Any, size: tuple[int, int]) -> Any:
    """Interpolate between corners as the engine does: products, their sum in this order, one division."""
    g1, g2, g3, g4 = corners
    rows, cols = size
    left, above = cols - right, rows - below
    return (g1 * (left * above) + g2 * (right * above) + g3 * (right * below) + g4 * (left * below)) / float(
        rows * cols
    )


def _lattice(exact: Exact, rows: Span, cols: Span, size: int) -> _Floats:
    """Return positions at the nodes `rows` x `cols` that stand every `size` pixels, (2, rows, cols)."""
    i, j = np.meshgrid(np.arange(*rows) * size, np.arange(*cols) * size, indexing="ij")
    return exact.at(i, j)


def cells_of(exact: Exact, window: Window, size: int) -> tuple[Cells, _Floats, tuple[int, int]]:
    """Return the cells of a size that meet a window, the lattice of their corners, and its first node."""
    (top, bottom), (left, right) = window.rows, window.cols
    rows, cols = (top // size, (bottom - 1) // size + 1), (left // size, (right - 1) // size + 1)
    lattice = _lattice(exact, (rows[0], rows[1] + 1), (cols[0], cols[1] + 1), size)
    parts = lattice[:, :-1, :-1], lattice[:, :-1, 1:], lattice[:, 1:, 1:], lattice[:, 1:, :-1]
    corners = np.stack([part.reshape(2, -1) for part in parts], axis=-1)
    i, j = np.arange(*rows) * size, np.arange(*cols) * size
    cells = Cells(size, np.repeat(i, len(j)), np.tile(j, len(i)), corners)
    return cells, lattice, (rows[0], cols[0])


def cells_at(exact: Exact, rows: Any, cols: Any, size: int) -> Cells:
    """Return the cells whose first pixels are given."""
    around = np.array([(0, 0), (0, size), (size, size), (size, 0)])
    return Cells(size, rows, cols, exact.at(rows[:, None] + around[:, 0], cols[:, None] + around[:, 1]))


def probe(cells: Cells, exact: Exact) -> tuple[Any, Any, _Floats]:
    """Return which cells are exact enough, which hold no position of use, and the positions at the probes."""
    below, right = (_PROBES * cells.size).T
    probes = exact.at(cells.rows[:, None] + below, cells.cols[:, None] + right)
    corners = [cells.corners[..., k, None] for k in range(4)]
    known = np.concatenate([cells.corners, probes], axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(_between(corners, below, right, (cells.size, cells.size)) - probes)
        passes = error.max(axis=(0, 2)) <= _SHARE * exact.tolerance
        low, high = known.min(axis=-1), known.max(axis=-1)
        # As far again as its positions are apart: what lies between them is not known.
        shape = np.array(exact.shape)[:, None]
        empty = ((2 * high - low < -_FAR) | (2 * low - high > shape + _FAR)).any(axis=0)
    if cells.size <= min(_VOID, exact.size):
        empty |= ~np.isfinite(known).all(axis=0).any(axis=1)
    return passes & ~empty, empty, probes


def _divided(cells: Cells, probes: _Floats) -> Cells:
    """Return the four quarters of each cell, whose corners are known."""
    half = cells.size // 2
    (g1, g2, g3, g4), (top, left, centre, right, bottom) = (
        np.moveaxis(cells.corners, -1, 0),
        np.moveaxis(probes[..., :5], -1, 0),
    )
    quarters = [
        (0, 0, (g1, top, centre, left)),
        (0, half, (top, g2, right, centre)),
        (half, 0, (left, centre, bottom, g4)),
        (half, half, (centre, right, g3, bottom)),
    ]
    return Cells(
        half,
        np.concatenate([cells.rows + down for down, _, _ in quarters]),
        np.concatenate([cells.cols + along for _, along, _ in quarters]),
        np.concatenate([np.stack(corners, axis=-1) for _, _, corners in quarters], axis=1),
    )


def refined(cells: Cells, exact: Exact, window: Window) -> Iterator[Cells]:
    """Divide cells until each is exact enough, a single pixel, or empty; yield the former two size by size.

    Parts that don't meet the window are left out.
    """
    while len(cells):
        if cells.size == 1:
            yield cells
            return
        passes, empty, probes = probe(cells, exact)
        if passes.any():
            yield cells.take(passes)
        rest = ~(passes | empty)
        cells = _divided(cells.take(rest), probes[:, rest]).within(window)


def upsampled(nodes: Nodes, target: Window) -> tuple[_Floats, _Floats]:
    """Interpolate nodes at each pixel of a window, in float64, with the bytes of the engine."""
    (i, below), (j, right) = (
        np.divmod(np.arange(*span), step)
        for span, step in zip((target.rows, target.cols), nodes.resolution, strict=True)
    )
    i, j = i - nodes.first[0], j - nodes.first[1]
    # A node of weight 0 is not read: it may be missing, or not finite.
    last = nodes.rows.shape[0] - 1, nodes.rows.shape[1] - 1
    under, beside = np.minimum(i + 1, last[0])[:, None], np.minimum(j + 1, last[1])[None, :]
    i, j, below, right = i[:, None], j[None, :], below[:, None], right[None, :]
    results = []
    for coordinate in (nodes.rows, nodes.cols):
        values = coordinate.astype(np.float64, copy=False)
        if nodes.resolution == (1, 1):
            results.append(values[i, j])
            continue
        corners = (
            values[i, j],
            np.where(right > 0, values[i, beside], 0.0),
            np.where((below > 0) & (right > 0), values[under, beside], 0.0),
            np.where(below > 0, values[under, j], 0.0),
        )
        results.append(_between(corners, below, right, nodes.resolution))
    return results[0], results[1]


def cell_nodes(exact: Exact, target: Window) -> Nodes:
    """Return nodes for a window: the corners of cells if all are exact enough, else a node for each pixel.

    A pixel has the same position either way, or none of use.
    """
    first, size = (target.rows[0], target.cols[0]), exact.size
    if size == 1:
        rows, cols = _lattice(exact, target.rows, target.cols, 1)
        return Nodes(rows, cols, first)
    cells, lattice, corner = cells_of(exact, target, size)
    passes, empty, _ = probe(cells, exact)
    if empty.any():
        lattice[:, _unused(passes, lattice.shape)] = np.nan
    coarse = Nodes(lattice[0], lattice[1], corner, (size, size))
    rest = np.flatnonzero(~(passes | empty))
    if not len(rest):
        return coarse
    with np.errstate(invalid="ignore", over="ignore"):
        positions = np.stack(upsampled(coarse, target))
    for start in range(0, len(rest), _BATCH):
        divided = cells.take(rest[start : start + _BATCH])
        nowhere = np.full_like(divided.corners, np.nan)
        _put(positions, target, replace(divided, corners=nowhere))
        for part in refined(divided, exact, target):
            _put(positions, target, part)
    return Nodes(positions[0], positions[1], first)


def _unused(passes: Any, shape: tuple[int, ...]) -> Any:
    """Return which nodes of a lattice are corners of none of the cells that pass."""
    used = np.zeros(shape[1:], np.bool_)
    passes = passes.reshape(shape[1] - 1, shape[2] - 1)
    for down, right in product((0, 1), (0, 1)):
        used[down : down + passes.shape[0], right : right + passes.shape[1]] |= passes
    return ~used


def _put(positions: _Floats, window: Window, cells: Cells) -> None:
    """Write the positions of cells into those of a window."""
    inside = np.arange(cells.size)
    rows = cells.rows[:, None, None] + inside[:, None] - window.rows[0]
    cols = cells.cols[:, None, None] + inside - window.cols[0]
    corners = [cells.corners[:, :, k, None, None] for k in range(4)]
    if cells.size == 1:
        values = corners[0]
    else:
        values = _between(corners, inside[:, None], inside, (cells.size, cells.size))
    rows, cols = np.broadcast_arrays(rows, cols)
    height, width = window.shape
    met = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    positions[:, rows[met], cols[met]] = values[:, met]
