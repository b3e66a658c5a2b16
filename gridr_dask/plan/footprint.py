"""From grid nodes to source windows: where the positions of a target window lie, and what they read.

In a cell between nodes positions are bilinear, so in a part of it they are largest and smallest at corners of
the part, up to rounding. Every node within a window counts, not only those at its edge: a grid may bulge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.hulls import hulls_of_pixels
from gridr_dask.geometry import Boundary, Kernel
from gridr_dask.geometry.window import Span

__all__ = [
    "FAR",
    "ROUNDING",
    "node_bounds",
    "position_bounds",
    "position_hulls",
    "settled",
    "tap_windows",
]

Spans = Sequence[Span] | npt.NDArray[np.int64]

_SLACK = 5e-13
_SLACK_RELATIVE = 4 * 2.0**-52
"""The snap to half-integers moves a position by less than their sum, and so does rounding past a node."""

_SHORT = 8
"""Up to this many nodes in a span, it is quicker to take them one by one for all spans at once."""

FAR = float(1 << 24)
"""Windows with nodes further out are bounded by whole cells, which rounding can't leave. The engine has the
same number."""

ROUNDING = 2.0**-23
"""What bounds between nodes are grown by: 64 roundings of a number below `FAR`. It takes less than 10 to find
them, and the engine, which filters splines as far as its own bounds reach, grows those by 16."""

_GROW = ROUNDING * np.array([-1, 1, -1, 1])

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


def position_bounds(
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    row_spans: Spans,
    col_spans: Spans,
    first: tuple[int, int] = (0, 0),
    resolution: tuple[int, int] = (1, 1),
) -> npt.NDArray[np.float64]:
    """Return what holds the positions of the pixels of every window ``row_spans[i] x col_spans[j]``.

    Parameters
    ----------
    rows, cols : ndarray, 2-D
        Row and column coordinate of nodes. A node counts if both are finite.
    row_spans, col_spans : sequence of (start, stop), or an array of them
        Windows in target pixels: ascending and not empty; they may overlap. What lies in cells of which nodes
        are missing is bounded as if it lay on the nearest node that is given.
    first : (int, int)
        Index of the first given node in the whole grid.
    resolution : (int, int)
        Target pixels from a node to the next.

    Returns
    -------
    ndarray of float64, (len(row_spans), len(col_spans), 4)
        As of `node_bounds`. Between nodes, grown by more than rounding moves a position.
    """
    finite = np.isfinite(rows) & np.isfinite(cols)
    far = max(np.abs(part).max(where=finite, initial=0) for part in (rows, cols)) > FAR
    if resolution == (1, 1) or far:
        return settled(position_hulls(rows, cols, row_spans, col_spans, first, resolution), resolution)
    ends = _ends(rows.shape, row_spans, col_spans, first, resolution)
    bounds = hulls_of_pixels(rows, cols, ends[0], ends[1], resolution)
    bounds += _GROW
    return bounds


def position_hulls(
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    row_spans: Spans,
    col_spans: Spans,
    first: tuple[int, int],
    resolution: tuple[int, int],
) -> npt.NDArray[np.float64]:
    """Return two extents of every window, of which `settled` takes one once all parts of a grid are known.

    Parameters are those of `position_bounds`.

    Returns
    -------
    ndarray of float64, (2, len(row_spans), len(col_spans), 4)
        The extent of the pixels, then that of all nodes around them. Of parts of a grid, the extents of the
        whole are the smallest and largest of theirs. With nodes at all pixels there is one, and not two.
    """
    ends = _ends(rows.shape, row_spans, col_spans, first, resolution)
    nodes = [
        np.stack([span[:, 0] // step, -(-span[:, 1] // step) + 1], axis=1)
        for span, step in zip(ends, resolution, strict=True)
    ]
    of_cells = node_bounds(rows, cols, *nodes)
    if resolution == (1, 1):
        return np.stack([of_cells])
    with np.errstate(over="ignore"):  # Far nodes, and then it is not taken.
        return np.stack([hulls_of_pixels(rows, cols, ends[0], ends[1], resolution), of_cells])


def settled(hulls: npt.NDArray[np.float64], resolution: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the bounds that follow from the hulls of a whole grid.

    The engine has the same rule, for each window: whole cells where any node around it is `FAR`.
    """
    of_pixels, of_cells = hulls[0], hulls[-1]
    bounds: npt.NDArray[np.float64] = of_cells
    if resolution != (1, 1):
        far = np.abs(of_cells).max(axis=-1, keepdims=True) > FAR
        bounds = np.where(far, of_cells, of_pixels) + _GROW
    return bounds


def _ends(
    shape: tuple[int, ...],
    row_spans: Spans,
    col_spans: Spans,
    first: tuple[int, int],
    resolution: tuple[int, int],
) -> list[npt.NDArray[np.int64]]:
    """Return first and last pixel of the spans of both axes, counted from the first given node."""
    spans = [np.asarray(given, np.int64) - [0, 1] for given in (row_spans, col_spans)]
    return [
        np.clip(span - start * step, 0, (size - 1) * step)
        for span, start, step, size in zip(spans, first, resolution, shape, strict=True)
    ]


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
        Extents of positions, as `position_bounds` gives them.
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
