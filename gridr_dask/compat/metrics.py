"""Extent of a grid: which nodes are valid, where they lie in the source, how the axes turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.windows import window_apply
from gridr_dask.compute.nodes import check_nodes, valid_nodes
from gridr_dask.errors import InvalidInputError

__all__ = [
    "GeometryBounds",
    "GridGeometriesMetrics",
    "GridTransitionMatrix",
    "array_compute_resampling_grid_geometries",
    "array_compute_resampling_grid_src_boundaries",
]

_Array = npt.NDArray[Any]
_Number = TypeVar("_Number", int, float)
_Span = tuple[int, int] | None
_Point = tuple[float, float] | None
_Vector = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class GeometryBounds(Generic[_Number]):
    """Smallest and largest column (x) and row (y), both included."""

    xmin: _Number
    xmax: _Number
    ymin: _Number
    ymax: _Number


@dataclass(slots=True)
class GridTransitionMatrix:
    """Change of basis from output pixels to source pixels.

    Attributes
    ----------
    w1, w2 : (x, y) or None
        Step in the source, in pixels, per output column and per output row.
    """

    w1: _Vector
    w2: _Vector

    def w(self) -> list[float] | None:
        """Return ``[w1x, w2x, w1y, w2y]``, None if a vector is missing."""
        if self.w1 is None or self.w2 is None:
            return None
        return [self.w1[0], self.w2[0], self.w1[1], self.w2[1]]

    def det_w(self) -> float | None:
        """Return the determinant, in source pixels per output pixel, None if a vector is missing."""
        if self.w1 is None or self.w2 is None:
            return None
        return self.w1[0] * self.w2[1] - self.w2[0] * self.w1[1]


@dataclass(slots=True)
class GridGeometriesMetrics:
    """Extent of the valid nodes of a grid.

    Attributes
    ----------
    dst_bounds : GeometryBounds of int
        Nodes, by their indices in the whole grid.
    src_bounds : GeometryBounds of float
        Source pixels of the border nodes: the first and last valid ones of each row and column.
    dst_row_edges, dst_col_edges : list of (int, int) or None
        For each row of the window its first and last valid column; for each column its rows. None
        where no node is valid.
    src_row_edges, src_col_edges : (list, list) of (y, x) or None
        Source pixels of these nodes: (left, right) for the rows, (top, bottom) for the columns.
    transition_matrix : GridTransitionMatrix
        From the longest row and the longest column, the first among equals.
    """

    dst_bounds: GeometryBounds[int]
    src_bounds: GeometryBounds[float]
    dst_row_edges: list[_Span]
    dst_col_edges: list[_Span]
    src_row_edges: tuple[list[_Point], list[_Point]]
    src_col_edges: tuple[list[_Point], list[_Point]]
    transition_matrix: GridTransitionMatrix


class _Edges:
    """First and last valid node of each line along an axis: 1 for rows, 0 for columns."""

    def __init__(self, valid: npt.NDArray[np.bool_], grid_row: _Array, grid_col: _Array, axis: int) -> None:
        self.found: npt.NDArray[np.bool_] = np.any(valid, axis=axis)
        first = valid.argmax(axis)
        last = valid.shape[axis] - 1 - np.flip(valid, axis).argmax(axis)
        lines = np.arange(len(first))
        self.ends = np.stack([first, last])
        at = (lines, self.ends) if axis == 1 else (self.ends, lines)
        self.y, self.x = grid_row[at].astype(np.float64), grid_col[at].astype(np.float64)

    def spans(self, offset: int) -> list[_Span]:
        """Return (first, last) of each line as indices of the whole grid."""
        return _pairs(self.ends[0] + offset, self.ends[1] + offset, self.found)

    def points(self) -> tuple[list[_Point], list[_Point]]:
        """Return source (y, x) of the first nodes and of the last ones."""
        return _pairs(self.y[0], self.x[0], self.found), _pairs(self.y[1], self.x[1], self.found)

    def step(self, resolution: int) -> _Vector:
        """Return the source vector (x, y) of an output pixel along the longest line, None without one."""
        lengths = np.where(self.found, self.ends[1] - self.ends[0], 0)
        longest = int(lengths.argmax())
        if lengths[longest] == 0:
            return None
        with np.errstate(all="ignore"):
            step = np.diff([self.x[:, longest], self.y[:, longest]])[:, 0] / float(
                lengths[longest] * resolution
            )
        return float(step[0]), float(step[1])


def _pairs(a: _Array, b: _Array, found: npt.NDArray[np.bool_]) -> list[Any]:
    pairs = zip(a.tolist(), b.tolist(), found.tolist(), strict=True)
    return [(first, second) if there else None for first, second, there in pairs]


class NodesInWindow:
    """Nodes of an inclusive window of a grid, their validity found once for every question about them."""

    def __init__(
        self,
        grid_row: _Array,
        grid_col: _Array,
        win: npt.ArrayLike | None,
        grid_mask: _Array | None,
        grid_mask_valid_value: int | None,
        grid_nodata: float | None,
    ) -> None:
        check_nodes(grid_row, grid_col, grid_mask, grid_mask_valid_value, grid_nodata)
        self._origin = (0, 0)
        if win is not None:
            window = np.asarray(win)
            if window.dtype.kind not in "iu":
                raise InvalidInputError(f"win={win!r} must be integers [[row, row], [col, col]]", "window")
            grid_row, grid_col = window_apply(grid_row, window), window_apply(grid_col, window)
            grid_mask = None if grid_mask is None else window_apply(grid_mask, window)
            self._origin = (int(window[0, 0]), int(window[1, 0]))
        self._rows, self._cols = grid_row, grid_col
        self._valid = valid_nodes(grid_row, grid_col, grid_mask, grid_mask_valid_value, grid_nodata)

    def bounds(self) -> GeometryBounds[float] | None:
        """Return the source pixels of all valid nodes, or None if no node is valid."""
        if not self._valid.any():
            return None
        if self._valid.all():
            return _bounds(self._cols, self._rows)
        return _bounds(self._cols[self._valid], self._rows[self._valid])

    def metrics(self, resolution: tuple[int, int]) -> GridGeometriesMetrics | None:
        """Return the extent of the valid nodes, or None if no node is valid."""
        if not self._valid.any():
            return None
        by_row, by_col = (_Edges(self._valid, self._rows, self._cols, axis) for axis in (1, 0))
        rows, cols = (np.flatnonzero(edges.found)[[0, -1]] for edges in (by_row, by_col))
        top, left = self._origin
        border = [(edges.x[:, edges.found], edges.y[:, edges.found]) for edges in (by_row, by_col)]
        return GridGeometriesMetrics(
            GeometryBounds(*(cols + left).tolist(), *(rows + top).tolist()),
            _bounds(*(np.concatenate(parts, axis=None) for parts in zip(*border, strict=True))),
            by_row.spans(left),
            by_col.spans(top),
            by_row.points(),
            by_col.points(),
            GridTransitionMatrix(by_row.step(resolution[1]), by_col.step(resolution[0])),
        )


def _bounds(x: _Array, y: _Array) -> GeometryBounds[float]:
    return GeometryBounds(float(x.min()), float(x.max()), float(y.min()), float(y.max()))


def array_compute_resampling_grid_geometries(
    grid_row: _Array,
    grid_col: _Array,
    grid_resolution: tuple[int, int],
    win: npt.ArrayLike | None = None,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
) -> GridGeometriesMetrics | None:
    """Return the extent of a grid's valid nodes, or None if no node is valid.

    Parameters
    ----------
    grid_row, grid_col : 2-D arrays of real numbers
        Source rows and columns of the nodes, in pixels. Non-finite nodes are invalid.
    grid_resolution : (int, int)
        Output pixels from a node to the next, along rows and columns.
    win : [[row, row], [col, col]], optional
        Window of nodes, inclusive; None for all.
    grid_mask, grid_mask_valid_value, grid_nodata
        Which nodes are valid, see `gridr_dask.compute.nodes.valid_nodes`.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, the window leaves the grid, or validity is described twice.
    UnsupportedDtypeError
        If coordinates are no real numbers or the mask is not uint8.
    """
    nodes = NodesInWindow(grid_row, grid_col, win, grid_mask, grid_mask_valid_value, grid_nodata)
    return nodes.metrics(grid_resolution)


def array_compute_resampling_grid_src_boundaries(
    grid_row: _Array,
    grid_col: _Array,
    win: npt.ArrayLike | None = None,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
) -> GeometryBounds[float] | None:
    """Return the source pixels between which all valid nodes lie, or None if no node is valid.

    Interior nodes count too: where a map folds, these bounds exceed the `src_bounds` of
    `array_compute_resampling_grid_geometries`, whose parameters and errors are the same.
    """
    return NodesInWindow(grid_row, grid_col, win, grid_mask, grid_mask_valid_value, grid_nodata).bounds()
