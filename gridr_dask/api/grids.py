"""The forms in which users give a grid, brought to two arrays of node coordinates."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
import xarray as xr

from gridr_dask.compute.nodes import check_nodata, is_nodata
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.graph import as_graph, is_dask
from gridr_dask.positions import AbsoluteGrid, AffineGrid, CallableGrid, CrsGrid, DisplacementGrid, Rule

__all__ = ["check_array", "check_rule_alone", "kind_of", "node_coordinates", "rule_of"]

_KINDS = ("absolute", "displacement")


def rule_of(grid: Any, shape: Any, resolution: tuple[int, int]) -> Rule | None:
    """Return the rule that a grid is, or None if it is made of arrays.

    Parameters
    ----------
    grid : affine map, callable, AffineGrid, CallableGrid, CrsGrid, or anything else
        An affine map is an ``affine.Affine`` or its first 6 numbers.
    shape : (int, int), optional
        Rows and columns of the target, which the map or callable does not say itself.
    resolution : (int, int)
        Target pixels between two nodes, for callables.

    Raises
    ------
    InvalidInputError
        If the shape is missing, given twice or no shape, numbers are not finite, or a resolution is given
        to a rule that needs none.
    """
    if isinstance(grid, (AffineGrid, CallableGrid, CrsGrid)):
        if shape is not None and tuple(shape) != grid.shape:
            raise InvalidInputError(f"shape={shape!r} contradicts that of the grid, {grid.shape}", "shape")
        made: Rule = grid
    elif (numbers := _affine_numbers(grid)) is not None:
        made = AffineGrid(numbers, _target_shape(shape))
    elif callable(grid) and not hasattr(grid, "__array__") and not isinstance(grid, xr.Dataset):
        return CallableGrid(grid, _target_shape(shape), resolution)
    else:
        return None
    if resolution != (1, 1):
        raise InvalidInputError(
            f"grid_resolution={resolution} is for arrays and callables; {type(made).__name__} has its own "
            f"nodes: leave it out",
            "grid-resolution",
        )
    return made


def _affine_numbers(grid: Any) -> tuple[float, float, float, float, float, float] | None:
    if all(hasattr(grid, name) for name in "abcdef"):
        grid = tuple(getattr(grid, name) for name in "abcdef")
    if not isinstance(grid, (tuple, list)) or len(grid) != 6 or any(np.ndim(part) for part in grid):
        return None
    try:
        numbers = tuple(float(part) for part in grid)
    except (TypeError, ValueError):
        numbers = (np.nan,)
    if not np.isfinite(numbers).all():
        raise InvalidInputError(
            f"an affine grid needs 6 finite numbers (a, b, c, d, e, f), got {grid!r}", "grid-affine"
        )
    return numbers  # type: ignore[return-value]


def _target_shape(shape: Any) -> tuple[int, int]:
    try:
        rows, cols = (index(size) for size in shape)
    except (TypeError, ValueError):
        rows = cols = 0
    if min(rows, cols) < 1:
        raise InvalidInputError(
            f"an affine map or a callable needs shape=(rows, cols) of the target, got {shape!r}", "shape"
        )
    return rows, cols


def check_rule_alone(grid_mask: Any, grid_nodata: Any, kind: str) -> None:
    """Raise InvalidInputError if something is given that only goes with arrays of nodes."""
    given = [
        name for name, value in (("grid_mask", grid_mask), ("grid_nodata", grid_nodata)) if value is not None
    ]
    if kind != "absolute":
        given.append("kind")
    if given:
        raise InvalidInputError(
            f"{' and '.join(given)} can't go with a grid that is a rule; let the rule return NaN where there "
            f"is no position",
            "grid-rule",
        )


def kind_of(grid: Any, kind: str) -> tuple[Any, str]:
    """Return a grid of arrays without the class that says its kind, and the kind."""
    if kind not in _KINDS:
        raise InvalidInputError(f"kind={kind!r} must be one of {_KINDS}", "grid-kind")
    if isinstance(grid, DisplacementGrid):
        return (grid.rows, grid.cols), "displacement"
    if isinstance(grid, AbsoluteGrid):
        if kind != "absolute":
            raise InvalidInputError(f"kind={kind!r} contradicts an AbsoluteGrid", "grid-kind")
        return (grid.rows, grid.cols), kind
    return grid, kind


def node_coordinates(grid: Any, grid_mask: Any = None, grid_nodata: float | None = None) -> tuple[Any, Any]:
    """Return the row and the column coordinates of the nodes, two 2-D arrays, numpy or dask.

    Parameters
    ----------
    grid : pair of arrays, array of shape (2, y, x), or Dataset
        ``(rows, cols)``, both stacked in one array, or a Dataset with variables ``row`` and ``col``.
        Samples of float32 or float64; integers are cast to float64.
    grid_mask : array, optional
        0 where a node is invalid; numpy or dask, of the grid's shape.
    grid_nodata : float, optional
        A node with a coordinate within 1e-5 of this, cast to the grid's type, is invalid. NaN nodes are
        invalid anyway.

    Returns
    -------
    rows, cols : array
        Invalid nodes are NaN.

    Raises
    ------
    InvalidInputError
        If the grid has none of these forms, arrays differ in shape, or both a mask and nodata are given.
    UnsupportedDtypeError
        If the coordinates are not real numbers.
    """
    if isinstance(grid, xr.Dataset):
        missing = {"row", "col"} - set(map(str, grid.variables))
        if missing:
            raise InvalidInputError(
                f"a grid Dataset needs the variables 'row' and 'col'; missing {sorted(missing)}, "
                f"found {sorted(map(str, grid.variables))}",
                "grid",
            )
        rows, cols = grid["row"], grid["col"]
        if rows.dims != cols.dims:
            cols = cols.transpose(*rows.dims)
        pair = [rows.data, cols.data]
    elif isinstance(grid, (tuple, list)):
        if len(grid) != 2:
            raise InvalidInputError(
                f"grid must be a pair (rows, cols) of 2-D arrays, got {len(grid)} items", "grid"
            )
        pair = list(grid)
    else:
        stacked = _array("grid", grid)
        if stacked.ndim != 3 or stacked.shape[0] != 2:
            raise InvalidInputError(
                f"grid must be a pair (rows, cols), an array of shape (2, y, x) or a Dataset with "
                f"'row' and 'col'; got an array of shape {stacked.shape}",
                "grid",
            )
        pair = [stacked[0], stacked[1]]
    rows, cols = (_coordinate(name, values) for name, values in zip(("rows", "cols"), pair, strict=True))
    if rows.shape != cols.shape:
        raise InvalidInputError(
            f"grid rows and cols must have one shape, got {rows.shape} and {cols.shape}", "grid"
        )
    return _without_invalid(rows, cols, grid_mask, grid_nodata)


def _without_invalid(rows: Any, cols: Any, grid_mask: Any, grid_nodata: float | None) -> tuple[Any, Any]:
    """Return the coordinates with NaN for every node that a mask or a nodata value rules out."""
    check_nodata(grid_nodata)
    if grid_mask is not None and grid_nodata is not None:
        raise InvalidInputError("grid_mask and grid_nodata exclude each other; give one of them", "grid-mask")
    if grid_mask is not None:
        mask = _array("grid_mask", grid_mask)
        if mask.shape != rows.shape:
            raise InvalidInputError(
                f"grid_mask must have the shape of the grid, {rows.shape}, got {mask.shape}", "grid-mask"
            )
        invalid = mask == 0
    elif grid_nodata is not None and np.isfinite(grid_nodata):
        invalid = is_nodata(rows, grid_nodata) | is_nodata(cols, grid_nodata)
    else:
        return rows, cols
    return np.where(invalid, rows.dtype.type(np.nan), rows), cols


def _array(name: str, values: Any) -> Any:
    if isinstance(values, (xr.DataArray, xr.Variable)):
        values = values.data
    check_array(name, values)
    return as_graph(values) if is_dask(values) else np.asarray(values)


def check_array(name: str, array: Any) -> None:
    """Raise an error if an array can't be worked on: one of another package, or a lazy one of unknown size.

    Raises
    ------
    UnsupportedDtypeError
        If the array, or the blocks of a dask array, are of another package than numpy, or masked.
    InvalidInputError
        If the sizes of its chunks are not known.
    """
    lazy = is_dask(array)
    block = array._meta if lazy else array
    foreign = not isinstance(block, (np.ndarray, np.generic)) and (
        hasattr(block, "__array_function__") or hasattr(block, "__array_namespace__")
    )
    if foreign or isinstance(block, np.ma.MaskedArray):
        kind = f"{type(block).__module__.partition('.')[0]}.{type(block).__name__}"
        if isinstance(block, np.ma.MaskedArray):
            way = "fill it, with NaN where a node is invalid, with 0 where a mask is"
        elif lazy:
            way = "convert its blocks to numpy with map_blocks"
        else:
            way = "convert it to numpy, as .as_numpy() of xarray does"
        raise UnsupportedDtypeError(
            f"{name} is {'a dask array of' if lazy else 'a'} {kind}; only numpy and dask arrays can be "
            f"resampled: {way}",
            "array-type",
        )
    if lazy and any(size != size for size in array.shape):
        raise InvalidInputError(
            f"{name} has chunks of unknown size; call compute_chunk_sizes() on it first", "unknown-chunks"
        )


def _coordinate(name: str, values: Any) -> Any:
    array = _array(f"grid {name}", values)
    if array.ndim != 2:
        raise InvalidInputError(
            f"grid {name} must be a 2-D array of node coordinates, got shape {array.shape}", "grid"
        )
    if array.dtype.kind in "iu" or array.dtype == np.float16:
        return array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise UnsupportedDtypeError(
            f"grid {name} must be float32 or float64, got {array.dtype}; use astype", "grid-dtype"
        )
    return array
