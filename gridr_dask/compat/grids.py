"""Regular grids by shape, origin and resolution, and the nodes that a window of the output needs.

Shapes, origins and resolutions are (row, col); pairs of coordinates are (columns, rows), that is (x, y).
Windows ``[[row, row], [col, col]]`` include both bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.arrays import ArrayProfile
from gridr_dask.compat.windows import window_apply, window_check, window_shape
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = [
    "check_grid_coords_definition",
    "grid_full_resolution_shape",
    "grid_regular_coords_1d",
    "grid_regular_coords_2d",
    "grid_resolution_window",
    "grid_resolution_window_safe",
    "regular_grid_shape_origin_resolution",
    "window_apply_grid_coords",
    "window_apply_shape_origin_resolution",
]

_Array = npt.NDArray[Any]
_Window = npt.NDArray[np.int64]


def grid_full_resolution_shape(shape: tuple[int, int], resolution: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns of the output that a grid describes.

    Parameters
    ----------
    shape : (int, int)
        Node rows and columns.
    resolution : (int, int)
        Output pixels from a node to the next.

    >>> grid_full_resolution_shape((3, 4), (2, 5))
    (5, 16)
    """
    return (shape[0] - 1) * resolution[0] + 1, (shape[1] - 1) * resolution[1] + 1


def grid_resolution_window(resolution: tuple[int, int], win: npt.ArrayLike) -> tuple[_Window, _Window]:
    """Return the nodes that surround a window of the output, and where the window lies among them.

    Parameters
    ----------
    resolution : (int, int)
        Output pixels from a node to the next, at least 1.
    win : [[row, row], [col, col]]
        Window of the output, inclusive.

    Returns
    -------
    grid_win, rel_win : (2, 2) integer arrays
        Window of nodes, and `win` in output pixels counted from its first node. A window on a single
        node gives that node; see `grid_resolution_window_safe`.

    >>> [w.tolist() for w in grid_resolution_window((2, 3), [[1, 3], [2, 2]])]
    [[[0, 2], [0, 1]], [[1, 3], [2, 2]]]
    """
    steps, window = _steps(resolution)[:, None], _window(win)
    first, last = window[:, :1], window[:, 1:]
    grid_win: _Window = np.hstack([first // steps, -(-last // steps)])
    rel_win: _Window = window - grid_win[:, :1] * steps
    return grid_win, rel_win


def grid_resolution_window_safe(
    resolution: tuple[int, int], win: npt.ArrayLike, grid_shape: tuple[int, int]
) -> tuple[_Window, _Window]:
    """Return nodes around a window as `grid_resolution_window`, but at least two where one is no use.

    An axis of a resolution over 1 gets a second node, the next one or else the one before, if the grid
    has it. The windows are cut to the grid.

    Parameters
    ----------
    resolution : (int, int)
        Output pixels from a node to the next, at least 1.
    win : [[row, row], [col, col]]
        Window of the output, inclusive.
    grid_shape : (int, int)
        Node rows and columns.

    >>> [w.tolist() for w in grid_resolution_window_safe((2, 3), [[4, 4], [6, 6]], (3, 3))]
    [[[1, 2], [1, 2]], [[2, 2], [3, 3]]]
    """
    steps, window = _steps(resolution), _window(win)
    nodes = [
        nodes_around(int(step), (int(start), int(stop)), count)
        for step, (start, stop), count in zip(steps, window, grid_shape, strict=True)
    ]
    first, last = np.array(nodes, np.int64).T
    rel_first = np.maximum(window[:, 0] - first * steps, 0)
    rel_last = np.minimum(window[:, 1] - first * steps, (last - first) * steps)
    rel_win = np.stack([rel_first, np.maximum(rel_last, rel_first)], axis=1)
    return np.stack([first, last], axis=1), rel_win


def nodes_around(step: int, span: tuple[int, int], count: int) -> tuple[int, int]:
    """Return the first and the last node around a span of one axis: see `grid_resolution_window_safe`.

    Parameters
    ----------
    step : int
        Output pixels from a node to the next.
    span : (int, int)
        First and last output pixel.
    count : int
        Nodes along the axis.
    """
    first, last = span[0] // step, -(-span[1] // step)
    if step > 1 and last - first < 1:
        last = min(last + 1, count - 1)
        if last - first < 1:
            first = max(first - 1, 0)
    last = min(max(last, first, 0), count - 1)
    return min(max(first, 0), count - 1), last


def _steps(resolution: tuple[int, int]) -> npt.NDArray[np.int64]:
    steps = np.array([index(step) for step in resolution], np.int64)
    if steps.shape != (2,) or steps.min() < 1:
        raise InvalidInputError(f"resolution={resolution!r} must be two integers of at least 1", "resolution")
    return steps


def _window(win: npt.ArrayLike) -> _Window:
    window = np.asarray(win)
    if window.shape != (2, 2) or window.dtype.kind not in "iu":
        raise InvalidInputError(f"win={win!r} must be integers [[row, row], [col, col]]", "window")
    return window.astype(np.int64)


def output_window(
    win: npt.ArrayLike | None, grid_shape: tuple[int, int], resolution: tuple[int, int], name: str
) -> _Window:
    """Return a window of the output, all of it for None, or raise if it leaves the output."""
    full = grid_full_resolution_shape(grid_shape, resolution)
    window = np.array([[0, full[0] - 1], [0, full[1] - 1]]) if win is None else np.asarray(win)
    if not window_check(ArrayProfile(full, 2, None), window):
        raise InvalidInputError(
            f"{name} {window.tolist()} leaves the {full[0]} rows and {full[1]} columns of the output",
            "window",
        )
    return _window(window)


def grid_regular_coords_1d(
    shape: tuple[int, int], origin: tuple[float, float], resolution: tuple[float, float]
) -> tuple[_Array, _Array]:
    """Return the coordinates of a regular grid's columns and rows, in this order.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    origin : (float, float)
        Row and column coordinate of the first node.
    resolution : (float, float)
        Distance from a node to the next along rows and columns.

    Returns
    -------
    x, y : 1-D float64 arrays
        ``origin[1] + j * resolution[1]`` and ``origin[0] + i * resolution[0]``.
    """
    y, x = (
        np.linspace(first, first + (n - 1) * step, n)
        for n, first, step in zip(shape, origin, resolution, strict=True)
    )
    return x, y


def grid_regular_coords_2d(
    shape: tuple[int, int],
    origin: tuple[float, float],
    resolution: tuple[float, float],
    sparse: bool = False,
) -> tuple[_Array, _Array]:
    """Return the column and row coordinates of a regular grid's nodes, each of the grid's shape.

    With `sparse` they have the shapes (1, cols) and (rows, 1). See `grid_regular_coords_1d`.
    """
    xx, yy = np.meshgrid(*grid_regular_coords_1d(shape, origin, resolution), sparse=sparse)
    return xx, yy


def regular_grid_shape_origin_resolution(
    grid_coords: _Array | Sequence[_Array],
) -> tuple[tuple[int, int], tuple[float, float], tuple[float, float]]:
    """Return (shape, origin, resolution), each (row, col), of a regular grid.

    Parameters
    ----------
    grid_coords : 3-D array, or pair of 1-D or 2-D arrays
        Column coordinates, then row coordinates.

    Raises
    ------
    UnsupportedDtypeError
        If the coordinates are nothing of that; it is a TypeError.

    Notes
    -----
    The resolution along an axis with a single node is NaN.
    """
    x, y = _coords_pair(grid_coords)
    axes = (y if y.ndim == 1 else y[:, 0], x if x.ndim == 1 else x[0])
    shape, origin, resolution = [], [], []
    for axis in axes:
        shape.append(len(axis))
        origin.append(float(axis[0]))
        resolution.append(float((axis[-1] - axis[0]) / (len(axis) - 1)) if len(axis) > 1 else np.nan)
    return (shape[0], shape[1]), (origin[0], origin[1]), (resolution[0], resolution[1])


def _coords_pair(grid_coords: Any) -> tuple[_Array, _Array]:
    pair = tuple(grid_coords) if isinstance(grid_coords, tuple | list) else grid_coords
    if isinstance(pair, np.ndarray) and pair.ndim == 3:
        pair = tuple(pair)
    if (
        not isinstance(pair, tuple)
        or len(pair) != 2
        or not all(isinstance(part, np.ndarray) and part.ndim in (1, 2) and part.size for part in pair)
        or pair[0].ndim != pair[1].ndim
    ):
        raise UnsupportedDtypeError(
            "grid_coords must be two non-empty arrays, columns then rows, both 1-D or both 2-D, "
            "or one 3-D array",
            "grid-coords",
        )
    return pair


def window_apply_grid_coords(
    grid_coords: _Array | Sequence[_Array], win: npt.ArrayLike, check: bool = True
) -> tuple[_Array, _Array]:
    """Return a window of a grid's coordinates, (columns, rows), as views.

    Parameters
    ----------
    grid_coords : 3-D array, or pair of 1-D or 2-D arrays
        Column coordinates, then row coordinates.
    win : [[row, row], [col, col]]
        Window of nodes, inclusive.
    check : bool
        Whether a window that leaves the grid is an error.

    Raises
    ------
    InvalidInputError
        If the window leaves the grid.
    UnsupportedDtypeError
        If the coordinates are no such thing.
    """
    x, y = _coords_pair(grid_coords)
    if x.ndim == 2:
        return window_apply(x, win, check=check), window_apply(y, win, check=check)
    rows, cols = np.asarray(win)[:, None]
    return window_apply(x, cols, check=check), window_apply(y, rows, check=check)


def window_apply_shape_origin_resolution(
    shape: tuple[int, int],
    origin: tuple[float, float],
    resolution: tuple[float, float],
    win: npt.ArrayLike,
) -> tuple[tuple[int, int], tuple[float, float], tuple[float, float]]:
    """Return shape, origin and resolution of a window ``[[row, row], [col, col]]`` of a regular grid.

    The window is not compared with `shape`.
    """
    window = np.asarray(win)
    if window.shape != (2, 2):
        raise InvalidInputError(f"win={win!r} must be [[row, row], [col, col]]", "window")
    rows, cols = window_shape(window)
    first = window[:, 0].tolist()
    start = (origin[0] + first[0] * resolution[0], origin[1] + first[1] * resolution[1])
    return (rows, cols), start, (resolution[0], resolution[1])


def check_grid_coords_definition(
    grid_coords: _Array | Sequence[_Array] | None,
    shape: tuple[int, int] | None,
    origin: tuple[float, float] | None,
    resolution: tuple[float, float] | None,
) -> tuple[_Array, _Array] | None:
    """Return the coordinates of a grid as a pair, or None if shape, origin and resolution describe it.

    Raises
    ------
    InvalidInputError
        Unless exactly one description is given: `grid_coords`, or all of the three others.
    UnsupportedDtypeError
        If `grid_coords` is neither a 3-D array nor a pair of arrays; it is a TypeError.
    """
    others = [value is not None for value in (shape, origin, resolution)]
    if (grid_coords is None and not all(others)) or (grid_coords is not None and any(others)):
        raise InvalidInputError(
            "give either grid_coords, or the three of shape, origin and resolution", "grid-coords"
        )
    return None if grid_coords is None else _coords_pair(grid_coords)
