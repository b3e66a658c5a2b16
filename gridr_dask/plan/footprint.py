"""From grid nodes to source windows: where the positions of a target window lie, and what they read.

A position between nodes is a convex combination of them, so the extent of the nodes bounds that of the
positions, up to rounding. Every node counts, not only those at the edge of a window: a grid may bulge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry import Boundary, Kernel
from gridr_dask.geometry.window import Span

__all__ = ["node_bounds", "tap_windows"]

_SLACK = 5e-13
_SLACK_RELATIVE = 4 * 2.0**-52
"""Interpolation between nodes and the snap to half-integers move a position by less than their sum."""


def node_bounds(
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    row_spans: Sequence[Span],
    col_spans: Sequence[Span],
) -> npt.NDArray[np.float64]:
    """Return the extent of the finite nodes of every window ``row_spans[i] x col_spans[j]``.

    Parameters
    ----------
    rows, cols : ndarray, 2-D
        Row and column coordinate of the nodes. A node counts if both are finite.
    row_spans, col_spans : sequence of (start, stop)
        Node windows: ascending and not empty; they may overlap.

    Returns
    -------
    ndarray of float64, (len(row_spans), len(col_spans), 4)
        Smallest and largest row, smallest and largest column. ``inf, -inf`` without a finite node.
    """
    finite = np.isfinite(rows) & np.isfinite(cols)
    if finite.all():
        finite = None
    bounds = np.empty((len(row_spans), len(col_spans), 4))
    for k, (values, reduce, empty) in enumerate(
        (values, reduce, empty)
        for values in (rows, cols)
        for reduce, empty in ((np.minimum, np.inf), (np.maximum, -np.inf))
    ):
        known = values if finite is None else np.where(finite, values, empty)
        bounds[..., k] = _reduce(_reduce(known, row_spans, reduce, 0), col_spans, reduce, 1)
    return bounds


def _reduce(values: npt.NDArray[Any], spans: Sequence[Span], reduce: np.ufunc, axis: int) -> npt.NDArray[Any]:
    """Reduce an axis over each span. ``reduceat`` takes starts and stops in turn."""
    last = np.asarray(spans)[:, 1] - 1
    # ``reduceat`` takes starts and stops in turn, and no stop beyond the last index: so reduce up to
    # the last node of each span, then take that one in as well.
    edges = np.stack([np.asarray(spans)[:, 0], last], axis=1).ravel()
    head = reduce.reduceat(values, edges, axis=axis).take(range(0, len(edges), 2), axis=axis)
    reduced: npt.NDArray[Any] = reduce(head, values.take(last, axis=axis))
    return reduced


def tap_windows(
    bounds: npt.NDArray[np.float64],
    kernel: Kernel,
    boundary: Boundary,
    source_shape: tuple[int, int],
    source_origin: tuple[int, int] = (0, 0),
) -> npt.NDArray[np.int64]:
    """Return the taps that each target window can need.

    Parameters
    ----------
    bounds : ndarray, (..., 4)
        Extents of positions, as `node_bounds` gives them.
    kernel : Kernel
        The interpolation, whose taps surround a position.
    boundary : Boundary
        How the source continues past its edge: where it is trusted, taps may lie past it.
    source_shape : (int, int)
        Rows and columns of the source.
    source_origin : (int, int)
        Position of source pixel (0, 0) in the frame of the bounds.

    Returns
    -------
    ndarray of int64, (..., 4)
        ``row start, row stop, col start, col stop`` in pixels of the source; all 0 where no position can
        be valid, so that nothing needs to be read.
    """
    windows = np.zeros(bounds.shape, np.int64)
    sees_source = (bounds[..., 0] <= bounds[..., 1]) & (bounds[..., 2] <= bounds[..., 3])
    bounds = np.where(sees_source[..., np.newaxis], bounds, 0.0)
    for axis, (size, origin) in enumerate(zip(source_shape, source_origin, strict=True)):
        start, stop = kernel.domain(size, boundary)
        low, high = bounds[..., 2 * axis], bounds[..., 2 * axis + 1]
        # In float, on the global value, and clipped before the cast: a node may be 1e300. One more where
        # the cell is the nearest pixel.
        with np.errstate(over="ignore"):
            low = np.floor(low - np.abs(low) * _SLACK_RELATIVE - _SLACK) - origin
            high = np.floor(high + np.abs(high) * _SLACK_RELATIVE + _SLACK) - origin + kernel.rounds
        # The pixel of a cell is one of its taps.
        sees_source &= (low < stop) & (high >= start)
        windows[..., 2 * axis] = np.clip(low + kernel.first, start, stop)
        windows[..., 2 * axis + 1] = np.clip(high + kernel.last + 1, start, stop)
        sees_source &= windows[..., 2 * axis] < windows[..., 2 * axis + 1]
    windows[~sees_source] = 0
    return windows
