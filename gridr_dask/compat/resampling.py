"""`array_grid_resampling`: GridR's numpy function, over the same road as everything else."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from math import isfinite, nan
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.grids import grid_full_resolution_shape, nodes_around
from gridr_dask.compat.output import Output, inclusive_window
from gridr_dask.compute import Blocks, Nodes, SourceMask, get_interpolator, kernel_of, resample_window
from gridr_dask.compute.interpolators import Interpolator, PyInterpolatorType, is_bspline
from gridr_dask.compute.masks import check_mask
from gridr_dask.compute.nodes import check_nodes, valid_nodes
from gridr_dask.compute.threads import default_threads
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry import Boundary, Grid, Window
from gridr_dask.geometry.grid import MAX_RESOLUTION

__all__ = ["array_grid_resampling"]

_Array = npt.NDArray[Any]
_MAX_ORIGIN = 1 << 28


def array_grid_resampling(
    interp: str | PyInterpolatorType | Interpolator,
    array_in: _Array,
    grid_row: _Array,
    grid_col: _Array,
    grid_resolution: tuple[int, int],
    array_out: _Array | None = None,
    array_out_win: npt.ArrayLike | None = None,
    nodata_out: float | None = 0,
    array_in_origin: tuple[float, float] | None = (0.0, 0.0),
    win: npt.ArrayLike | None = None,
    array_in_mask: _Array | None = None,
    array_in_mask_safe_win: npt.ArrayLike | None = None,
    grid_mask: _Array | None = None,
    grid_mask_valid_value: int | None = 1,
    grid_nodata: float | None = None,
    array_out_mask: _Array | bool | None = None,
    check_boundaries: bool = True,
    interp_kwargs: dict[str, Any] | None = None,
    standalone: bool = True,
    boundary_condition: str | None = None,
    trust_padding: bool | None = None,
    logger_msg_prefix: str | None = None,
    logger: logging.Logger | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[_Array | None, _Array | None]:
    """Resample an image at the source positions that a grid gives for each output pixel.

    Parameters
    ----------
    interp : str, PyInterpolatorType or Interpolator
        See `gridr_dask.get_interpolator`.
    array_in : ndarray, (rows, cols) or (bands, rows, cols)
        The image. float64 as in GridR; other types are computed natively. Never changed.
    grid_row, grid_col : ndarray of float32 or float64, 2-D
        Source row and column of the nodes; pixel centres stand at integers.
    grid_resolution : (int, int)
        Output pixels from a node to the next.
    array_out : ndarray, optional
        Where to write, of the image's bands; a new array is returned without it.
    array_out_win : [[row, row], [col, col]], optional
        Part of `array_out` to write to, inclusive; default its upper left corner.
    nodata_out : number, optional
        Written where no value can be computed; None is NaN.
    array_in_origin : (float, float), optional
        Added to the positions; only without `standalone`.
    win : [[row, row], [col, col]], optional
        Part of the output to compute, inclusive, in output pixels.
    array_in_mask : ndarray of uint8, (rows, cols), optional
        0 is invalid.
    array_in_mask_safe_win : [[row, row], [col, col]], optional
        Part of the image that is valid whatever the mask says, inclusive. Not verified.
    grid_mask : ndarray of uint8, optional
        Nodes are valid where it is `grid_mask_valid_value`.
    grid_nodata : float, optional
        Coordinate of invalid nodes; excludes `grid_mask`.
    array_out_mask : ndarray of uint8, True, or None
        Buffer for the validity of the output, or whether to return it.
    check_boundaries : bool
        Kept for GridR's callers: the engine tests whole spans at once and never reads outside the image.
    interp_kwargs : dict, optional
        Parameters of a B-spline given by name.
    standalone : bool
        Whether the function extends and filters the image itself. Without it, boundary conditions are
        ignored, and a B-spline takes the coefficients of `array_bspline_prefiltering`.
    boundary_condition : str, optional
        ``"constant"``, ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``.
    trust_padding : bool
        Needed with `boundary_condition`: whether what stands past the edge is valid.
    logger_msg_prefix, logger : optional
        Where to say what is done, at debug level.
    num_threads : int, optional
        Threads that share the work; default all cores of this process, 1 outside of its main thread.

    Returns
    -------
    array : ndarray or None
        Without `array_out`: the result, without axes of length 1.
    mask : ndarray of uint8 or None
        With ``array_out_mask=True``: validity, of the output's rows and columns.

    Raises
    ------
    InvalidInputError
        If an argument is wrong (a `ValueError`).
    UnsupportedDtypeError
        If an array has a type that the function can't work on (a `TypeError`).
    """
    image, rows, cols = _image(array_in), _coordinate("grid_row", grid_row), _coordinate("grid_col", grid_col)
    boundary = Boundary.from_user(boundary_condition, trust_padding)
    if boundary_condition is None and trust_padding and standalone:
        warnings.warn("trust_padding is ignored without a boundary_condition", UserWarning, stacklevel=2)
    spline_kwargs = {} if isinstance(interp, Interpolator) else interp_kwargs or {}
    kernel = kernel_of(get_interpolator(interp, **spline_kwargs), not standalone)
    origin, shift = _origin(array_in_origin, standalone)
    if kernel.prefiltered and is_bspline(kernel.name) and image.dtype != np.float64:
        raise UnsupportedDtypeError("array_in must hold float64 coefficients; use astype", "dtype")
    validity = _source_mask(image, array_in_mask, array_in_mask_safe_win, standalone)
    check_nodes(rows, cols, grid_mask, grid_mask_valid_value, grid_nodata)
    threads = _threads(num_threads)
    resolution = _pair("grid_resolution", grid_resolution)
    target = _target(rows.shape, resolution, win)
    nodes = _valid_coordinates(
        rows, cols, resolution, target, (grid_mask, grid_mask_valid_value, grid_nodata)
    )
    out = Output(image, target.shape, nodata_out, kernel, (array_out, array_out_win, array_out_mask))
    out.check_apart(
        array_in=image,
        grid_row=grid_row,
        grid_col=grid_col,
        array_in_mask=array_in_mask,
        grid_mask=grid_mask,
    )
    if nodes is None:
        if standalone:
            warnings.warn(
                "Grid metrics cannot be computed. Check your input grid data", UserWarning, stacklevel=2
            )
        out.fill(everything=standalone and array_out_win is None)
        return out.returned()
    Grid((rows.shape[0], rows.shape[1]), resolution)
    if logger is not None:
        logger.debug("%sresampling %s by %s", logger_msg_prefix or "", target, kernel.name)
    resample_window(
        Blocks.whole(image, origin),
        Nodes(*nodes, (0, 0), resolution, shift),
        target,
        kernel,
        fill=out.nodata,
        boundary=boundary if standalone else Boundary(),
        validity=validity,
        threads=threads,
        out=(out.block, out.valid),
    )
    return out.returned()


def _threads(num_threads: Any) -> int:
    if num_threads is None:
        return default_threads()
    try:
        threads = index(num_threads)
    except TypeError:
        threads = 0
    if threads < 1:
        raise InvalidInputError(f"num_threads={num_threads!r} must be an integer from 1 on", "threads")
    return threads


def _image(array: Any) -> _Array:
    if not isinstance(array, np.ndarray):
        raise UnsupportedDtypeError(
            f"array_in must be a numpy array, got {type(array).__name__}", "array-type"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise UnsupportedDtypeError(
            "array_in is a masked array; pass its data, and its mask turned round as array_in_mask",
            "array-type",
        )
    if array.ndim not in (2, 3):
        raise InvalidInputError(
            f"array_in must be (rows, cols) or (bands, rows, cols), got shape {array.shape}", "shape"
        )
    return array


def _coordinate(name: str, array: Any) -> _Array:
    if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
        given = getattr(array, "dtype", type(array).__name__)
        raise UnsupportedDtypeError(
            f"{name} must be an array of float64 or float32, got {given}", "grid-dtype"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise UnsupportedDtypeError(
            f"{name} is a masked array; pass its data, and its mask turned round as grid_mask", "array-type"
        )
    if array.ndim != 2 or 0 in array.shape:
        raise InvalidInputError(f"{name} must be 2-D with at least one node, got shape {array.shape}", "grid")
    return array


def _pair(name: str, value: Any) -> tuple[int, int]:
    """Return a pair of positive integers."""
    try:
        first, second = map(index, value)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"{name} must be a pair of integers (rows, cols), got {value!r}", name.replace("_", "-")
        ) from None
    if max(first, second) > MAX_RESOLUTION:
        raise InvalidInputError(f"{name}={value!r} is beyond {MAX_RESOLUTION}", name.replace("_", "-"))
    if first < 1 or second < 1:
        raise InvalidInputError(
            f"{name} must be non zero and positive, got {value!r}", name.replace("_", "-")
        )
    return first, second


def _origin(origin: Sequence[float] | None, standalone: bool) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the integral origin of the source, and what is added to positions before they are snapped."""
    try:
        row, col = (0.0, 0.0) if origin is None else map(float, origin)
    except (TypeError, ValueError):
        row = col = nan
    # False for NaN.
    if not (abs(row) <= _MAX_ORIGIN and abs(col) <= _MAX_ORIGIN):
        raise InvalidInputError(
            f"array_in_origin={origin!r} must be a pair of finite numbers within +-2**28", "origin"
        )
    if standalone and (row or col):
        raise InvalidInputError(
            f"array_in_origin={origin!r} can't be used in standalone mode: pass standalone=False, or the "
            f"whole image",
            "origin",
        )
    (row_origin, row_shift), (col_origin, col_shift) = _split(row), _split(col)
    return (row_origin, col_origin), (row_shift, col_shift)


def _split(origin: float) -> tuple[int, float]:
    """Return what of an origin belongs to the source, and what to the positions."""
    return (-int(origin), 0.0) if origin.is_integer() else (0, origin)


def _target(shape: tuple[int, int], resolution: tuple[int, int], win: Any) -> Window:
    """Return the output window of inclusive bounds; default all that the grid describes."""
    whole = grid_full_resolution_shape(shape, resolution)
    return Window.whole(whole) if win is None else inclusive_window("win", win, whole)


def _valid_coordinates(
    rows: _Array,
    cols: _Array,
    resolution: tuple[int, int],
    target: Window,
    rules: tuple[_Array | None, int | None, float | None],
) -> tuple[_Array, _Array] | None:
    """Return the coordinates with NaN for invalid nodes, or None if no node around the target is valid."""
    if rules[0] is not None or rules[2] is not None:
        rows = np.where(valid_nodes(rows, cols, *rules), rows, rows.dtype.type(np.nan))
    # The node at or before the first pixel is valid most often; the others are looked at a line at a time.
    first = target.rows[0] // resolution[0], target.cols[0] // resolution[1]
    if isfinite(rows[first]) and isfinite(cols[first]):
        return rows, cols
    r0, r1 = nodes_around(resolution[0], (target.rows[0], target.rows[1] - 1), rows.shape[0])
    c0, c1 = nodes_around(resolution[1], (target.cols[0], target.cols[1] - 1), rows.shape[1])
    for i in range(r0, r1 + 1):
        if (np.isfinite(rows[i, c0 : c1 + 1]) & np.isfinite(cols[i, c0 : c1 + 1])).any():
            return rows, cols
    return None


def _source_mask(image: _Array, mask: _Array | None, safe_win: Any, standalone: bool) -> SourceMask:
    """Return which samples are valid, in the engine's terms."""
    if mask is None:
        if safe_win is not None and not standalone:
            raise InvalidInputError("array_in_mask_safe_win needs array_in_mask", "safe-window")
        return SourceMask()
    check_mask(mask, image.shape)
    safe = None if safe_win is None else inclusive_window("array_in_mask_safe_win", safe_win, mask.shape)
    return SourceMask(Blocks.whole(mask), safe)
