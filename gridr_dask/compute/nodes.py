"""Which nodes of a grid may be used: decided here, for every function that looks at a grid."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = ["NODATA_TOLERANCE", "check_nodata", "check_nodes", "is_nodata", "valid_nodes"]

_Array = npt.NDArray[Any]

NODATA_TOLERANCE = 1e-5
"""A coordinate nearer than this to `grid_nodata`, in source pixels, is nodata."""


def valid_nodes(
    grid_row: _Array,
    grid_col: _Array,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which nodes are valid, as booleans of the grid's shape.

    A valid node has two finite coordinates, neither of them nodata, and the valid value in the mask.

    Parameters
    ----------
    grid_row, grid_col : 2-D arrays of real numbers
        Source rows and columns of the nodes, in pixels.
    grid_mask : uint8 array of the grid's shape, optional
        Excludes `grid_nodata`.
    grid_mask_valid_value : int, default 1
        The value of valid nodes in `grid_mask`, 0 to 255.
    grid_nodata : float, optional
        Coordinate of invalid nodes; taken to the grid's float type, then compared within 1e-5. NaN marks
        NaN nodes, which are invalid in any case.

    Raises
    ------
    InvalidInputError
        If shapes differ, mask and nodata are both given, or the valid value is None or out of range.
    UnsupportedDtypeError
        If a coordinate is no real number or the mask is not uint8.

    >>> valid_nodes(np.array([[0.0, -9999.0]]), np.array([[1.0, 2.0]]), grid_nodata=-9999)
    array([[ True, False]])
    """
    check_nodes(grid_row, grid_col, grid_mask, grid_mask_valid_value, grid_nodata)
    valid = np.isfinite(grid_row)
    valid &= np.isfinite(grid_col)
    if grid_mask is not None:
        valid &= grid_mask == grid_mask_valid_value
    if grid_nodata is not None and np.isfinite(grid_nodata):
        for coordinate in (grid_row, grid_col):
            valid &= ~is_nodata(coordinate, grid_nodata)
    return valid


def check_nodata(grid_nodata: Any) -> None:
    """Raise InvalidInputError unless `grid_nodata` is None or one real number."""
    if grid_nodata is None:
        return
    try:
        real = np.ndim(grid_nodata) == 0 and not isinstance(grid_nodata, (str, bytes))
        real = real and not np.iscomplexobj(grid_nodata)
        float(grid_nodata)
    except (TypeError, ValueError):
        real = False
    if not real:
        raise InvalidInputError(f"grid_nodata={grid_nodata!r} must be one real number", "grid-nodata")


def is_nodata(coordinate: Any, nodata: float) -> Any:
    """Return where a coordinate, numpy or dask, stands for no data: within 1e-5 of `nodata` in its type.

    In float64, so that a float32 grid and the same grid in float64 give the same answer.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if coordinate.dtype.kind == "f":
            nodata = float(np.asarray(nodata).astype(coordinate.dtype))
        return abs(coordinate.astype(np.float64) - nodata) < NODATA_TOLERANCE


def check_nodes(
    grid_row: _Array,
    grid_col: _Array,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
) -> None:
    """Raise what `valid_nodes` raises, without looking at a node: for callers that crop afterwards."""
    for name, coordinate in (("grid_row", grid_row), ("grid_col", grid_col)):
        if coordinate.dtype.kind not in "iuf":
            raise UnsupportedDtypeError(
                f"{name} holds {coordinate.dtype}; coordinates are real numbers: use astype", "grid-dtype"
            )
    if grid_row.ndim != 2 or grid_row.shape != grid_col.shape:
        raise InvalidInputError(
            f"grid_row {grid_row.shape} and grid_col {grid_col.shape} must be 2-D and of equal shape",
            "grid-shape",
        )
    check_nodata(grid_nodata)
    if grid_mask is not None and grid_nodata is not None:
        raise InvalidInputError(
            "grid_mask and grid_nodata exclude each other: give the one that says which nodes are valid",
            "grid-validity",
        )
    if grid_mask is not None:
        _check_mask(grid_mask, grid_row.shape, grid_mask_valid_value)


def _check_mask(mask: Any, shape: tuple[int, ...], valid_value: int | None) -> None:
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
        given = getattr(mask, "dtype", type(mask).__name__)
        raise UnsupportedDtypeError(f"grid_mask is {given}; it must be an array of uint8", "grid-mask")
    if mask.shape != shape:
        raise InvalidInputError(f"grid_mask {mask.shape} must have the grid's shape {shape}", "grid-mask")
    try:
        fits = valid_value is not None and 0 <= index(valid_value) <= 255
    except TypeError:
        fits = False
    if not fits:
        raise InvalidInputError(
            f"grid_mask_valid_value={valid_value!r} must be an integer from 0 to 255, as grid_mask is uint8",
            "grid-mask",
        )
