"""Grids that are rules: an affine map, a function. Evaluated where they are needed, never a whole array."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gridr_dask.compute import Nodes
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Grid, Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan import Chunking, position_bounds
from gridr_dask.plan.footprint import FAR, ROUNDING

__all__ = ["AffineGrid", "CallableGrid", "Rule"]

_Floats = npt.NDArray[np.float64]

_SPACING = 64
"""Pixels from a node of an affine map to the next; the engine interpolates between them."""

_BLOCK = 256
"""Nodes along a side of the blocks that a function is called for."""


class Rule(Protocol):
    """A grid that is a rule: small, frozen, picklable; where it is evaluated does not change a position."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the target."""

    def nodes(self, target: Window) -> Nodes:
        """Return nodes from which each pixel of a target window is interpolated."""

    def bounds(self, target: Chunking) -> _Floats:
        """Return what holds all positions of each target chunk, as `gridr_dask.plan.position_bounds` does."""


@dataclass(frozen=True, slots=True)
class AffineGrid:
    """Positions ``col = a * x + b * y + c``, ``row = d * x + e * y + f`` at target column x and row y.

    Pixel centres stand at integers, in the source and in the target. The numbers are in the order of
    ``affine.Affine``.

    >>> AffineGrid((0.5, 0.0, 10.0, 0.0, 0.5, 20.0), (100, 100)).nodes(Window((0, 1), (0, 1))).rows[0, 0]
    np.float64(20.0)
    """

    numbers: tuple[float, float, float, float, float, float]
    shape: tuple[int, int]

    def _at(self, rows: Any, cols: Any) -> tuple[Any, Any]:
        a, b, c, d, e, f = self.numbers
        return d * cols + e * rows + f, a * cols + b * rows + c

    @property
    def _grid(self) -> Grid:
        counts = [max(-((1 - size) // _SPACING) + 1, 2) for size in self.shape]
        return Grid((counts[0], counts[1]), (_SPACING, _SPACING))

    def nodes(self, target: Window) -> Nodes:
        """Return the nodes around a window."""
        needed = self._grid.nodes_of(target)
        i, j = (np.arange(*span, dtype=np.float64) * _SPACING for span in (needed.rows, needed.cols))
        rows, cols = self._at(i[:, None], j[None, :])
        return Nodes(rows, cols, (needed.rows[0], needed.cols[0]), (_SPACING, _SPACING))

    def bounds(self, target: Chunking) -> _Floats:
        """Return the extent of each chunk: that of its corners."""
        a, b, c, d, e, f = map(abs, self.numbers)
        height, width = (size + _SPACING for size in self.shape)
        ends = [np.array(spans, np.float64) - [0, 1] for spans in (target.rows, target.cols)]
        if max(a * width + b * height + c, d * width + e * height + f) > FAR:
            # Of all nodes around it: rounding can't leave them.
            ends = [
                np.stack([np.floor(x), np.ceil(y)], 1) * _SPACING
                for x, y in (end.T / _SPACING for end in ends)
            ]
        rows, cols = ends
        corners = self._at(rows[:, None, :, None], cols[None, :, None, :])
        extremes = [extreme(part, axis=(2, 3)) for part in corners for extreme in (np.min, np.max)]
        bounds: _Floats = np.stack(extremes, axis=-1)
        return bounds + ROUNDING * np.array([-1, 1, -1, 1])


@dataclass(frozen=True, slots=True)
class CallableGrid:
    """Positions ``rows, cols = function(rows, cols)``, from pixels of the target to those of the source.

    Attributes
    ----------
    function : callable
        Takes two float64 arrays of one shape, target rows and columns of nodes, and returns two such
        arrays; not finite where there is no position. It must be pure: the same for each pixel whatever
        else it is called with. A worker process needs to be able to unpickle it.
    shape : (int, int)
        Rows and columns of the target.
    resolution : (int, int)
        Target pixels from a node to the next; positions in between are interpolated bilinearly.
    """

    function: Callable[[_Floats, _Floats], Any]
    shape: tuple[int, int]
    resolution: tuple[int, int] = (1, 1)

    @property
    def _grid(self) -> Grid:
        counts = [-((1 - size) // step) + 1 for size, step in zip(self.shape, self.resolution, strict=True)]
        return Grid((counts[0], counts[1]), self.resolution)

    def nodes(self, target: Window) -> Nodes:
        """Return the nodes around a window, from the blocks of nodes that it meets.

        The function is always called for whole blocks: what numpy returns for an element may depend on
        where it stands in an array, in the last digit.
        """
        grid = self._grid
        needed = grid.nodes_of(target)
        result = np.empty((2, *needed.shape))
        for block in _blocks_of(needed, grid.shape):
            i, j = np.meshgrid(*(np.arange(*span, dtype=np.float64) for span in block), indexing="ij")
            part = self._called(i * self.resolution[0], j * self.resolution[1])
            source, place = _overlap(block, needed)
            result[(slice(None), *place)] = part[(slice(None), *source)]
        return Nodes(result[0], result[1], (needed.rows[0], needed.cols[0]), self.resolution)

    def _called(self, rows: _Floats, cols: _Floats) -> _Floats:
        given = self.function(rows, cols)
        try:
            row, col = (np.asarray(part, np.float64) for part in given)
            return np.stack([np.broadcast_to(part, rows.shape) for part in (row, col)])
        except (TypeError, ValueError) as error:
            raise InvalidInputError(
                f"grid function {self.function!r} must return a pair (rows, cols) of arrays of the shape "
                f"that it is given, {rows.shape}: {error}",
                "grid-function",
            ) from error

    def bounds(self, target: Chunking) -> _Floats:
        """Return the extent of each chunk: the function is called for all of its nodes, once more."""
        bounds = np.empty((len(target.rows), len(target.cols), 4))
        for (i, rows), (j, cols) in product(enumerate(target.rows), enumerate(target.cols)):
            nodes = self.nodes(Window(rows, cols))
            bounds[i, j] = position_bounds(
                nodes.rows, nodes.cols, [rows], [cols], nodes.first, nodes.resolution
            )[0, 0]
        return bounds


def _blocks_of(nodes: Window, shape: tuple[int, int]) -> list[tuple[Span, ...]]:
    """Return the blocks that meet a window of nodes; they stand at multiples of their size."""
    spans = [
        [(k * _BLOCK, min((k + 1) * _BLOCK, size)) for k in range(start // _BLOCK, (stop - 1) // _BLOCK + 1)]
        for (start, stop), size in zip((nodes.rows, nodes.cols), shape, strict=True)
    ]
    return list(product(*spans))


def _overlap(block: tuple[Span, ...], window: Window) -> tuple[list[slice], list[slice]]:
    """Return the part of a block that lies in a window, and where it lies there."""
    source, place = [], []
    for (first, last), (start, stop) in zip(block, (window.rows, window.cols), strict=True):
        low, high = max(first, start), min(last, stop)
        source.append(slice(low - first, high - first))
        place.append(slice(low - start, high - start))
    return source, place
