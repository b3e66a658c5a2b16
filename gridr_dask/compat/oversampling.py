"""Coordinates of a grid, shifted in place or interpolated between its nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.grids import output_window
from gridr_dask.compat.windows import window_apply, window_indices, window_shape
from gridr_dask.compute.nodes import check_nodes, valid_nodes
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = ["array_shift_grid_coordinates", "build_grid", "interpolate_grid", "oversample_regular_grid"]

_Array = npt.NDArray[Any]


def array_shift_grid_coordinates(
    grid_row: _Array,
    grid_col: _Array,
    grid_shift: tuple[float, float],
    win: npt.ArrayLike | None = None,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
) -> None:
    """Add ``grid_shift[0]`` to the rows and ``grid_shift[1]`` to the columns of valid nodes, in place.

    Parameters
    ----------
    grid_row, grid_col : 2-D arrays
        Changed.
    grid_shift : (float, float)
        In source pixels.
    win : [[row, row], [col, col]], optional
        Window of nodes, inclusive; None for all.
    grid_mask, grid_mask_valid_value, grid_nodata
        Which nodes are valid, see `gridr_dask.compute.nodes.valid_nodes`; a mask hides `grid_nodata`.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, or the window leaves the grid.
    UnsupportedDtypeError
        If the grid is of integers and the shift is not.
    """
    if grid_mask is not None:
        grid_nodata = None
    check_nodes(grid_row, grid_col, grid_mask, grid_mask_valid_value, grid_nodata)
    shift = [np.asarray(by).item() for by in grid_shift]
    for coordinate, by in zip((grid_row, grid_col), shift, strict=True):
        if not np.can_cast(np.result_type(coordinate, by), coordinate.dtype, "same_kind"):
            raise UnsupportedDtypeError(
                f"grid_shift={grid_shift!r} can't be added to a grid of {coordinate.dtype}; use astype",
                "shift",
            )
    if win is not None:
        grid_row, grid_col = window_apply(grid_row, win), window_apply(grid_col, win)
        grid_mask = None if grid_mask is None else window_apply(grid_mask, win)
    valid = valid_nodes(grid_row, grid_col, grid_mask, grid_mask_valid_value, grid_nodata)
    for coordinate, by in zip((grid_row, grid_col), shift, strict=True):
        np.add(coordinate, by, out=coordinate, where=valid, casting="same_kind")


def interpolate_grid(
    grid: _Array | None,
    grid_mask: _Array | None,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    x_new: npt.ArrayLike,
    y_new: npt.ArrayLike,
    dtype: npt.DTypeLike | None = None,
    mask_binarize_precision: float = 1e-6,
    mask_dtype: npt.DTypeLike = np.uint8,
) -> tuple[_Array | None, _Array | None]:
    """Interpolate a grid, linearly along columns and rows, at the mesh of new positions.

    Parameters
    ----------
    grid : array (variables, rows, cols), optional
        Values at the nodes.
    grid_mask : array (rows, cols), optional
        Mask at the nodes, not 0 = valid.
    x, y : 1-D arrays
        Positions of the grid's columns and rows, strictly monotonic.
    x_new, y_new : 1-D arrays
        Wanted positions.
    dtype : dtype, optional
        Type of the result; that of `grid` if not given.
    mask_binarize_precision : float
        The mask is 1 where its interpolated value reaches this. Near 0 one valid node is enough; near 1
        every node that contributes must be valid.
    mask_dtype : dtype
        Type of the resulting mask.

    Returns
    -------
    grid, mask : arrays (variables, rows, cols) and (rows, cols), or None
        None for what was not given. Outside of the known positions: NaN and 0. A node that does not
        contribute is not read, so that its NaN stays away.

    Raises
    ------
    InvalidInputError
        If shapes don't fit or positions are not monotonic.
    UnsupportedDtypeError
        If an integer result should hold NaN.
    """
    rows, cols = _Brackets("y", y, y_new), _Brackets("x", x, x_new)
    if grid is not None and (grid.ndim != 3 or grid.shape[1:] != (rows.size, cols.size)):
        raise InvalidInputError(
            f"grid {grid.shape} must be (variables, {rows.size} rows of y, {cols.size} columns of x)",
            "grid-shape",
        )
    if grid_mask is not None and grid_mask.shape != (rows.size, cols.size):
        raise InvalidInputError(
            f"grid_mask {grid_mask.shape} must be ({rows.size} rows of y, {cols.size} columns of x)",
            "grid-mask",
        )
    values = mask = None
    if grid is not None:
        result = np.dtype(grid.dtype if dtype is None else dtype)
        if result.kind in "iu" and (rows.outside or cols.outside):
            raise UnsupportedDtypeError(
                f"positions outside of the grid become NaN, which dtype {result} can't hold", "dtype"
            )
        values = cols.between(rows.between(grid, -2), -1).astype(result)
    if grid_mask is not None:
        weight = np.abs(cols.between(rows.between(grid_mask, -2), -1))
        mask = (weight >= mask_binarize_precision).astype(mask_dtype)
    return values, mask


class _Brackets:
    """Between which known positions each wanted one lies, and how far from the lower one."""

    def __init__(self, name: str, known: npt.ArrayLike, wanted: npt.ArrayLike) -> None:
        known, wanted = np.asarray(known, np.float64), np.asarray(wanted, np.float64)
        if known.ndim != 1 or wanted.ndim != 1 or not known.size:
            raise InvalidInputError(f"{name} and {name}_new must be 1-D, {name} not empty", "grid-positions")
        if known[-1] < known[0]:
            known, wanted = -known, -wanted
        if not (np.diff(known) > 0).all():
            raise InvalidInputError(f"{name} must be strictly monotonic", "grid-positions")
        self.size = known.size
        self.lower = np.maximum(np.searchsorted(known, wanted, side="right") - 1, 0)
        upper = np.minimum(self.lower + 1, self.size - 1)
        step = np.where(upper > self.lower, known[upper] - known[self.lower], 1)
        with np.errstate(invalid="ignore"):
            self.fraction = (wanted - known[self.lower]) / step
            inside = (wanted >= known[0]) & (wanted <= known[-1])
        self.fraction[~inside] = np.nan
        self.outside = not inside.all()
        self.upper = np.where(self.fraction == 0, self.lower, upper)

    def between(self, values: _Array, axis: int) -> _Array:
        """Return float64 values at the wanted positions along an axis."""
        fraction = self.fraction[:, None] if axis == -2 else self.fraction
        low, high = values.take(self.lower, axis), values.take(self.upper, axis)
        between: _Array = low * (1 - fraction) + high * fraction
        return between


def oversample_regular_grid(
    grid: _Array | None,
    grid_oversampling_row: int,
    grid_oversampling_col: int,
    grid_mask: _Array | None,
    dtype: npt.DTypeLike | None = None,
    grid_mask_binarize_precision: float = 1e-6,
    grid_mask_dtype: npt.DTypeLike = np.uint8,
    win: npt.ArrayLike | None = None,
) -> tuple[_Array | None, _Array | None]:
    """Interpolate a grid, and its mask, at every pixel of the output that it describes.

    Parameters
    ----------
    grid : array (variables, rows, cols), optional
        Values at the nodes.
    grid_oversampling_row, grid_oversampling_col : int
        Output pixels from a node to the next.
    grid_mask : array (rows, cols), optional
        Mask at the nodes, not 0 = valid.
    dtype : dtype, optional
        Type of the result; needed unless the grid is of floats.
    grid_mask_binarize_precision, grid_mask_dtype
        See `interpolate_grid`.
    win : [[row, row], [col, col]], optional
        Window of the output, inclusive; None for all of it.

    Returns
    -------
    grid, mask : arrays (variables, rows, cols) and (rows, cols), or None
        None for what was not given.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, the window leaves the output, or the type can't be told.
    """
    if grid is not None and grid.ndim != 3:
        raise InvalidInputError(f"grid {grid.shape} must be (variables, rows, cols)", "grid-shape")
    nodes = grid.shape[1:] if grid is not None else None if grid_mask is None else grid_mask.shape
    if nodes is None or len(nodes) != 2:
        raise InvalidInputError("give grid (variables, rows, cols), or grid_mask (rows, cols)", "grid-shape")
    if dtype is None and (grid is None or grid.dtype.kind != "f"):
        raise InvalidInputError("dtype must be given, float32 or float64, unless grid is of floats", "dtype")
    steps = (grid_oversampling_row, grid_oversampling_col)
    (row, last_row), (col, last_col) = output_window(win, (nodes[0], nodes[1]), steps, "win").tolist()
    return interpolate_grid(
        grid,
        grid_mask,
        np.arange(nodes[1]) * steps[1],
        np.arange(nodes[0]) * steps[0],
        np.arange(col, last_col + 1),
        np.arange(row, last_row + 1),
        dtype,
        grid_mask_binarize_precision,
        grid_mask_dtype,
    )


def build_grid(
    resolution: tuple[int, int],
    grid: _Array,
    grid_target_win: npt.ArrayLike | None,
    grid_resolution: tuple[int, int],
    out: _Array | None,
    computation_dtype: npt.DTypeLike | None = None,
) -> _Array | None:
    """Return the coordinates of a grid at every pixel of a window of the output.

    Parameters
    ----------
    resolution : (1, 1)
        Only the full resolution is supported.
    grid : array (variables, rows, cols)
        Coordinates at the nodes.
    grid_target_win : [[row, row], [col, col]] or None
        Window of the output, inclusive; None for all of it.
    grid_resolution : (int, int)
        Output pixels from a node to the next.
    out : array (variables, rows, cols) or None
        Filled if given, and None is returned.
    computation_dtype : dtype, optional
        Type of the interpolated values before they go to `out` or to the grid's type.

    Raises
    ------
    InvalidInputError
        If the resolution is not (1, 1), the window leaves the output, or `out` has another shape.
    """
    if tuple(resolution) != (1, 1):
        raise InvalidInputError(f"resolution={resolution!r} must be (1, 1)", "resolution")
    if grid.ndim != 3:
        raise InvalidInputError(f"grid {grid.shape} must be (variables, rows, cols)", "grid-shape")
    nodes = (grid.shape[1], grid.shape[2])
    win = output_window(grid_target_win, nodes, grid_resolution, "grid_target_win")
    shape = (len(grid), *window_shape(win))
    if out is not None and out.shape != shape:
        raise InvalidInputError(f"out {out.shape} must have the shape {shape}", "out")
    if tuple(grid_resolution) == (1, 1):
        values: Any = grid[:, *window_indices(win)]
    else:
        if computation_dtype is None:
            computation_dtype = grid.dtype if grid.dtype.kind == "f" else np.float64
        values, _ = oversample_regular_grid(grid, *grid_resolution, None, computation_dtype, win=win)
    if out is None:
        return np.array(values, grid.dtype)
    np.copyto(out, values, casting="unsafe")
    return None
