"""The part of a source that a grid needs, and what it lacks past the source's edges."""

from __future__ import annotations

import logging
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.arrays import ArrayProfile
from gridr_dask.compat.grids import grid_resolution_window_safe, output_window
from gridr_dask.compat.metrics import GridGeometriesMetrics, NodesInWindow
from gridr_dask.compute.nodes import check_nodes
from gridr_dask.errors import InvalidInputError

__all__ = ["GridMetricsError", "calculate_source_extent", "read_win_from_grid_metrics"]

_Array = npt.NDArray[Any]
_Window = npt.NDArray[np.int64]


class GridMetricsError(InvalidInputError):
    """A grid without metrics: none of its nodes is valid."""

    def __init__(self, message: str = "grid metrics error", code: str = "grid-metrics") -> None:
        super().__init__(message, code)


class _Interpolator(Protocol):
    def total_margins(self) -> Any:
        """Return (top, bottom, left, right), in source pixels."""


def read_win_from_grid_metrics(
    grid_metrics: GridGeometriesMetrics,
    array_src_profile_2d: Any,
    margins: npt.ArrayLike,
    logger: logging.Logger | None = None,
    logger_msg_prefix: str | None = "",
) -> tuple[_Window | None, _Window | None, _Window | None]:
    """Return the window of a source to read for a grid, the one it would like, and the difference.

    The window of the nodes is cut to the source first and widened by the margins then, so that the
    difference never exceeds the margins, however far the grid reaches.

    Parameters
    ----------
    grid_metrics : GridGeometriesMetrics
        Only `src_bounds` counts, in source pixels.
    array_src_profile_2d : array, or anything with a `shape`
        The source, (rows, cols).
    margins : [[top, bottom], [left, right]]
        Source pixels that the interpolation needs around a position.
    logger, logger_msg_prefix : optional
        Told when the grid lies outside of the source.

    Returns
    -------
    src_win_read, src_win_marged, pad : (2, 2) integer arrays, or None
        Inclusive windows ``[[row, row], [col, col]]``, and ``[[top, bottom], [left, right]]``. All None
        if the nodes lie outside of the pixel centres, on one side.

    Raises
    ------
    InvalidInputError
        If the bounds are not finite or the source is not 2-D.

    Examples
    --------
    >>> from gridr_dask.compat import array_compute_resampling_grid_geometries
    >>> rows, cols = np.array([[1.0, 12.3]]), np.array([[-3.5, 5.0]])
    >>> metrics = array_compute_resampling_grid_geometries(rows, cols, (1, 1))
    >>> [w.tolist() for w in read_win_from_grid_metrics(metrics, np.zeros((10, 20)), [[2, 2], [2, 2]])]
    [[[0, 9], [0, 7]], [[-1, 11], [-2, 7]], [[1, 2], [2, 0]]]
    """
    shape, margin, bounds = array_src_profile_2d.shape, np.asarray(margins), grid_metrics.src_bounds
    if len(shape) != 2 or margin.shape != (2, 2):
        raise InvalidInputError(
            f"array_src_profile_2d {shape} must be (rows, cols), "
            f"and margins={margins!r} [[top, bottom], [left, right]]",
            "array-shape",
        )
    extent = np.array([[bounds.ymin, bounds.ymax], [bounds.xmin, bounds.xmax]])
    if not np.isfinite(extent).all():
        raise InvalidInputError(f"grid_metrics: the source bounds {bounds} are not finite", "grid-metrics")
    last = np.array(shape)[:, None] - 1
    if ((extent < 0).all(axis=1) | (extent > last).all(axis=1)).any():
        if logger is not None:
            logger.debug("%sthe grid lies outside of the source", logger_msg_prefix or "")
        return None, None, None
    # Clipped before they become integers: bounds may be as large as float64 goes.
    clipped = np.clip(np.stack([np.floor(extent[:, 0]), np.ceil(extent[:, 1])], axis=1), 0, last)
    wanted = clipped.astype(np.int64) + margin * (-1, 1)
    read = np.clip(wanted, 0, last)
    return read, wanted, np.abs(wanted - read)


def calculate_source_extent(
    interp: _Interpolator,
    array_in: Any,
    grid_row: _Array,
    grid_col: _Array,
    grid_resolution: tuple[int, int],
    grid_nodata: float | None,
    grid_mask: _Array | None,
    grid_mask_valid_value: int | None = 1,
    win: npt.ArrayLike | None = None,
    safecheck_src_boundaries: bool = True,
    logger_msg_prefix: str | None = None,
    logger: logging.Logger | None = None,
) -> tuple[_Window | None, _Window | None, _Window | None, GridGeometriesMetrics | None]:
    """Return the part of a source that a window of the output needs, and the metrics of its nodes.

    Parameters
    ----------
    interp : interpolator, initialized
        Its ``total_margins()`` are (top, bottom, left, right), in source pixels.
    array_in : array (..., rows, cols), or anything with such a `shape`
        The source.
    grid_row, grid_col : 2-D arrays
        Source rows and columns of the nodes, in pixels.
    grid_resolution : (int, int)
        Output pixels from a node to the next.
    grid_nodata, grid_mask, grid_mask_valid_value
        Which nodes are valid, see `gridr_dask.compute.nodes.valid_nodes`.
    win : [[row, row], [col, col]], optional
        Window of the output, inclusive; None for all of it.
    safecheck_src_boundaries : bool
        Whether interior nodes count too; without, only the border nodes of the metrics do.
    logger, logger_msg_prefix : optional
        Told when an interior node reaches further than the border.

    Returns
    -------
    src_win_read, src_win_marged, pad, metrics
        See `read_win_from_grid_metrics`; all None if no node is valid.

    Raises
    ------
    InvalidInputError
        If `win` leaves the output, or the description of the grid is wrong.
    """
    top, bottom, left, right = interp.total_margins()
    validity = (grid_mask, grid_mask_valid_value, grid_nodata)
    check_nodes(grid_row, grid_col, *validity)
    shape = (grid_row.shape[0], grid_row.shape[1])
    window = output_window(win, shape, grid_resolution, "win")
    node_window, _ = grid_resolution_window_safe(grid_resolution, window, shape)
    nodes = NodesInWindow(grid_row, grid_col, node_window, *validity)
    metrics = nodes.metrics(grid_resolution)
    if metrics is None:
        return None, None, None, None
    if safecheck_src_boundaries:
        bounds = nodes.bounds()
        # The bounds of all nodes contain those of the border.
        if bounds is not None and bounds != metrics.src_bounds:
            if logger is not None:
                logger.warning("%sinterior nodes reach past the border nodes", logger_msg_prefix or "")
            metrics.src_bounds = bounds
    profile = ArrayProfile(tuple(array_in.shape[-2:]), 2, None)
    margins = [[top, bottom], [left, right]]
    return *read_win_from_grid_metrics(metrics, profile, margins, logger, logger_msg_prefix), metrics
