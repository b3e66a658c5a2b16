"""Parts of a source and of a grid, where they stand in the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from gridr_dask.geometry.window import Span

__all__ = ["Blocks", "Nodes"]

_Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Part of a source: arrays on a lattice of row spans and column spans, not concatenated.

    Attributes
    ----------
    arrays : sequence of ndarray
        The blocks, row by row; all of one type, with the same leading axes.
    rows, cols : sequence of (start, stop)
        Where the rows and columns of the lattice stand in the source.
    shape : (int, int)
        Rows and columns of the whole source: its edge decides what is valid.
    origin : (int, int)
        Position of source pixel (0, 0) in the frame that the grid refers to.
    axes : (int, int)
        Row axis and column axis of the arrays.
    """

    arrays: Sequence[_Array]
    rows: Sequence[Span]
    cols: Sequence[Span]
    shape: tuple[int, int]
    origin: tuple[int, int] = (0, 0)
    axes: tuple[int, int] = (-2, -1)

    @classmethod
    def whole(
        cls, array: _Array, origin: tuple[int, int] = (0, 0), axes: tuple[int, int] = (-2, -1)
    ) -> Blocks:
        """Return a source that is one array."""
        shape = array.shape[axes[0]], array.shape[axes[1]]
        return cls([array], [(0, shape[0])], [(0, shape[1])], shape, origin, axes)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Part of a grid: source positions at its nodes, in pixels.

    Attributes
    ----------
    rows, cols : ndarray of float32 or float64, 2-D
        Row and column coordinate of the nodes.
    first : (int, int)
        Index of the first given node in the whole grid.
    resolution : (int, int)
        Target pixels from a node to the next.
    shift : (float, float)
        Added to the coordinates.
    """

    rows: _Array
    cols: _Array
    first: tuple[int, int] = (0, 0)
    resolution: tuple[int, int] = (1, 1)
    shift: tuple[float, float] = (0.0, 0.0)
