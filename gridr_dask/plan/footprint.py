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

Spans = Sequence[Span] | npt.NDArray[np.int64]

_SLACK = 5e-13
_SLACK_RELATIVE = 4 * 2.0**-52
"""Interpolation between nodes and the snap to half-integers move a position by less than their sum."""

_SHORT = 8
"""Up to this many nodes in a span, it is quicker to take them one by one for all spans at once."""

_SMALL = 1 << 30
"""Sources below this size have windows in int32, with room for the reach of any kernel."""


def node_bounds(
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    row_spans: Spans,
    col_spans: Spans,
) -> npt.NDArray[np.float64]:
    """Return the extent of the finite nodes of every window ``row_spans[i] x col_spans[j]``.

    Parameters
    ----------
    rows, cols : ndarray, 2-D
        Row and column coordinate of the nodes. A node counts if both are finite.
    row_spans, col_spans : sequence of (start, stop), or an array of them
        Node windows: ascending and not empty; they may overlap.

    Returns
    -------
    ndarray of float64, (len(row_spans), len(col_spans), 4)
        Smallest and largest row, smallest and largest column. ``inf, -inf`` without a finite node.
    """
    finite = np.isfinite(rows) & np.isfinite(cols)
    if finite.all():
        finite = None
    bounds = _planes((len(row_spans), len(col_spans)), np.float64)
    for k, (values, reduce, empty) in enumerate(
        (values, reduce, empty)
        for values in (rows, cols)
        for reduce, empty in ((np.minimum, np.inf), (np.maximum, -np.inf))
    ):
        known = values if finite is None else np.where(finite, values, empty)
        # Rows are taken and reduced much faster than columns.
        by_column = np.ascontiguousarray(_reduce(known, row_spans, reduce).T)
        bounds[..., k] = _reduce(by_column, col_spans, reduce).T
    return bounds


def _reduce(values: npt.NDArray[Any], spans: Spans, reduce: np.ufunc) -> npt.NDArray[Any]:
    """Reduce the rows of each span to one."""
    starts, last = np.asarray(spans).T - [[0], [1]]
    longest = int((last - starts).max(initial=0))
    reduced: npt.NDArray[Any]
    if longest < _SHORT:
        reduced = values[starts]
        for k in range(1, longest + 1):
            reduce(reduced, values[np.minimum(starts + k, last)], out=reduced)
        return reduced
    # ``reduceat`` takes starts and stops in turn, and no stop beyond the last index: so reduce up to
    # the last node of each span, then take that one in as well.
    edges = np.stack([starts, last], axis=1).ravel()
    reduced = reduce(reduce.reduceat(values, edges, axis=0)[::2], values[last])
    return reduced


def tap_windows(
    bounds: npt.NDArray[np.float64],
    kernel: Kernel,
    boundary: Boundary,
    source_shape: tuple[int, int],
    source_origin: tuple[int, int] = (0, 0),
) -> npt.NDArray[Any]:
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
    ndarray of int32, or of int64 for a huge source, (..., 4)
        ``row start, row stop, col start, col stop`` in pixels of the source; all 0 where no position can
        be valid, so that nothing needs to be read.
    """
    small = max(*source_shape, *map(abs, source_origin)) < _SMALL
    windows = _planes(bounds.shape[:-1], np.int32 if small else np.int64)
    sees_source = (bounds[..., 0] <= bounds[..., 1]) & (bounds[..., 2] <= bounds[..., 3])
    for axis, (size, origin) in enumerate(zip(source_shape, source_origin, strict=True)):
        start, stop = kernel.domain(size, boundary)
        low, high = (bounds[..., 2 * axis + end].copy() for end in (0, 1))
        if not sees_source.all():
            low[~sees_source] = high[~sees_source] = 0
        # In float, on the global value, and clipped before the cast: a node may be 1e300. One more where
        # the cell is the nearest pixel.
        _to_pixel(low, -1, -origin)
        _to_pixel(high, 1, kernel.rounds - origin)
        # The pixel of a cell is one of its taps.
        sees_source &= (low < stop) & (high >= start)
        low += kernel.first
        high += kernel.last + 1
        windows[..., 2 * axis] = np.clip(low, start, stop, out=low)
        windows[..., 2 * axis + 1] = np.clip(high, start, stop, out=high)
        sees_source &= low < high
    if not sees_source.all():
        windows[~sees_source] = 0
    return windows


def _to_pixel(positions: npt.NDArray[np.float64], side: int, shift: int) -> None:
    """Replace positions by the pixel that they may lie in, at the most to one side, and shift it."""
    slack = np.abs(positions)
    with np.errstate(over="ignore"):
        slack *= side * _SLACK_RELATIVE
        positions += slack
        positions += side * _SLACK
    np.floor(positions, out=positions)
    positions += shift


def _planes(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an empty array (..., 4) whose four numbers lie apart: each is worked on alone."""
    return np.moveaxis(np.empty((4, *shape), dtype), 0, -1)
