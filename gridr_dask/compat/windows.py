"""Windows of arrays whose bounds are both inclusive, and chunks of axes.

A window `win` is an array of shape (ndim, 2): the first and the last index of each axis, last included.
A chunk is a pair ``(start, stop)``, stop excluded. `axes`, where a function takes it, is the axis or the
axes that count; None means all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError

__all__ = [
    "ReversedWindowError",
    "as_rio_window",
    "complementary_window_indices",
    "from_rio_window",
    "get_chunk_boundaries",
    "get_chunk_shapes",
    "window_apply",
    "window_check",
    "window_expand_ndim",
    "window_extend",
    "window_from_chunk",
    "window_from_indices",
    "window_indices",
    "window_overflow",
    "window_shape",
    "window_shift",
]

_Array = npt.NDArray[Any]
Axes = int | Sequence[int] | npt.NDArray[np.integer[Any]] | None


class ReversedWindowError(InvalidInputError, IndexError):
    """A window whose last index is before its first on some axis."""


def _window(win: npt.ArrayLike) -> _Array:
    window = np.asarray(win)
    if window.ndim != 2 or window.shape[1] != 2:
        raise InvalidInputError(f"win must be [[first, last], ...], one pair per axis, got {win!r}", "window")
    return window


def _counting(axes: Axes, ndim: int) -> npt.NDArray[np.bool_]:
    counting = np.full(ndim, axes is None)
    for axis in () if axes is None else np.atleast_1d(axes):
        if not -ndim <= axis < ndim:
            raise InvalidInputError(f"axes={axes!r} names axis {axis}, but there are {ndim} axes", "axes")
        counting[axis] = True
    return counting


def window_shape(win: npt.ArrayLike, axes: Axes = None) -> tuple[Any, ...]:
    """Return the number of samples along each axis, None for an axis that doesn't count.

    >>> window_shape([[1, 2], [1, 3]])
    (2, 3)
    """
    window = _window(win)
    sizes = (window[:, 1] - window[:, 0] + 1).tolist()
    counting = _counting(axes, len(window))
    return tuple(size if counts else None for size, counts in zip(sizes, counting, strict=True))


def window_indices(win: npt.ArrayLike, reset_origin: bool = False, axes: Axes = None) -> tuple[slice, ...]:
    """Return the slices of a window, whole for an axis that doesn't count.

    `reset_origin` moves the window to index 0.

    >>> window_indices([[1, 2], [1, 3]])
    (slice(1, 3, None), slice(1, 4, None))
    """
    window = _window(win)
    starts = np.zeros_like(window[:, 0]) if reset_origin else window[:, 0]
    stops = starts + window[:, 1] - window[:, 0] + 1
    counting = _counting(axes, len(window))
    return tuple(
        slice(start, stop) if counts else slice(None)
        for start, stop, counts in zip(starts.tolist(), stops.tolist(), counting, strict=True)
    )


def window_from_indices(
    indices: Sequence[slice], original_shape: tuple[int, ...], axes: Axes = None
) -> npt.NDArray[np.int64]:
    """Return the window of slices without a step; an axis that doesn't count is taken whole.

    Open ends are those of `original_shape`; given bounds are kept as they are.

    Raises
    ------
    InvalidInputError
        If there is not a slice for each axis of the shape, or a slice has a step.
    """
    if len(indices) != len(original_shape) or any(part.step not in (None, 1) for part in indices):
        raise InvalidInputError(
            f"indices {indices!r} must be one slice without a step for each axis of {original_shape}",
            "window",
        )
    rows = []
    for part, size, counts in zip(indices, original_shape, _counting(axes, len(indices)), strict=True):
        first = part.start if counts and part.start is not None else 0
        stop = part.stop if counts and part.stop is not None else size
        rows.append((first, stop - 1))
    return np.array(rows, np.int64).reshape(-1, 2)


def complementary_window_indices(
    win: npt.ArrayLike, shape: tuple[int, ...], axes: Axes = None
) -> list[tuple[slice, ...]]:
    """Return disjoint slices that cover what lies outside of a window in an array of `shape`.

    For each axis that counts the part before the window, then the part after it; axes already done are
    restricted to the window. Empty parts are left out.

    >>> complementary_window_indices([[0, 1], [2, 4]], (4, 5))
    [(slice(2, 4, None), slice(None, None, None)), (slice(0, 2, None), slice(0, 2, None))]
    """
    window = _window(win)
    inside = [slice(None)] * len(window)
    parts: list[tuple[slice, ...]] = []
    for axis in np.flatnonzero(_counting(axes, len(window))).tolist():
        size = shape[axis]
        start = min(max(int(window[axis, 0]), 0), size)
        stop = min(max(int(window[axis, 1]) + 1, start), size)
        around = [slice(first, end) for first, end in ((0, start), (stop, size)) if first < end]
        parts += [(*inside[:axis], part, *inside[axis + 1 :]) for part in around]
        if start == stop:
            break
        inside[axis] = slice(start, stop)
    return parts


def window_shift(win: npt.ArrayLike, shift: npt.ArrayLike) -> _Array:
    """Return the window moved by ``shift[i]`` samples along each axis i.

    Raises
    ------
    InvalidInputError
        If `shift` has not one value per axis.
    """
    window, by = _window(win), np.asarray(shift)
    if by.shape != (len(window),):
        raise InvalidInputError(
            f"shift={shift!r} must have one value for each of {len(window)} axes", "shift"
        )
    moved: _Array = window + by[:, None]
    return moved


def window_extend(win: npt.ArrayLike, extent: npt.ArrayLike, reverse: bool = False) -> _Array:
    """Return ``[first - before, last + after]``; with `reverse` the window shrinks instead.

    `extent` is ``[[before, after], ...]``, or anything that broadcasts to it.
    """
    window = _window(win)
    try:
        by = np.broadcast_to(np.asarray(extent), window.shape)
    except ValueError:
        raise InvalidInputError(f"extent={extent!r} does not fit {len(window)} axes", "extent") from None
    extended: _Array = window + by * ((1, -1) if reverse else (-1, 1))
    return extended


def window_overflow(arr: Any, win: npt.ArrayLike, axes: Axes = None) -> _Array:
    """Return how many samples a window reaches past the array, ``[[before, after], ...]``.

    `arr` is an array or anything with a `shape`; an axis that doesn't count gives zeros.
    """
    window = _window(win)
    past = np.stack([-window[:, 0], window[:, 1] - np.asarray(arr.shape) + 1], axis=1)
    overflow: _Array = np.maximum(past, 0) * _counting(axes, len(window))[:, None]
    return overflow


def window_check(arr: Any, win: npt.ArrayLike, axes: Axes = None) -> bool:
    """Return whether a window lies within an array: ``0 <= first`` and ``last < size``.

    Parameters
    ----------
    arr : array, or anything with `ndim`, `shape` and `size`
        An empty one has no window.
    win : array of shape (ndim, 2)
        First and last index of each axis.
    axes : int or sequence of int, optional
        Axes that count; None for all.

    Raises
    ------
    InvalidInputError
        If `arr` is a scalar, or `win` has not one pair per axis.
    ReversedWindowError
        If a last index is before its first; it is an IndexError too.
    """
    window = _window(win)
    if arr.ndim == 0 or arr.ndim != len(window):
        raise InvalidInputError(f"win has {len(window)} axes, arr has {arr.ndim}", "window")
    if arr.size == 0:
        return False
    counting = _counting(axes, len(window))
    first, last = window[counting].T
    if (last < first).any():
        raise ReversedWindowError(f"win {window.tolist()}: a last index is before its first", "window")
    return bool((first >= 0).all() and (last < np.asarray(arr.shape)[counting]).all())


def window_apply(arr: _Array, win: npt.ArrayLike, axes: Axes = None, check: bool = True) -> _Array:
    """Return the view of an array through a window.

    Raises
    ------
    InvalidInputError
        If the window does not lie within the array. Without `check` it is cut as slices are, where a
        negative first index counts from the end.
    """
    if check and not window_check(arr, win, axes):
        raise InvalidInputError(
            f"win {np.asarray(win).tolist()} does not lie within the array of shape {arr.shape}", "window"
        )
    return arr[window_indices(win, axes=axes)]


def window_expand_ndim(win: npt.ArrayLike, insert: npt.ArrayLike, pos: int = 0) -> _Array:
    """Return the window with one more axis of bounds `insert`, the first (`pos` 0) or the last (-1)."""
    if pos not in (0, -1):
        raise InvalidInputError(f"pos={pos!r} must be 0 or -1", "window")
    window, row = _window(win), _window(np.asarray(insert)[None])
    return np.concatenate([row, window] if pos == 0 else [window, row])


def window_from_chunk(chunk: npt.ArrayLike, origin: npt.ArrayLike | None = None) -> _Array:
    """Return the window of a chunk ``[[start, stop], ...]`` counted from `origin`, one value per axis."""
    window = _window(chunk) - (0, 1)
    return window if origin is None else window_shift(window, origin)


def as_rio_window(win: npt.ArrayLike) -> Any:
    """Return the `rasterio.windows.Window` of a 2-D window; needs rasterio."""
    from rasterio.windows import Window  # type: ignore[import-untyped]

    rows, cols = _window(win).tolist()
    return Window(cols[0], rows[0], cols[1] - cols[0] + 1, rows[1] - rows[0] + 1)


def from_rio_window(rio_win: Any) -> _Array:
    """Return the 2-D window of a `rasterio.windows.Window`."""
    first = np.array([rio_win.row_off, rio_win.col_off])
    size = np.array([rio_win.height, rio_win.width])
    return np.stack([first, first + size - 1], axis=1)


def get_chunk_boundaries(
    nsize: int, chunk_size: int | None, merge_last: bool = False
) -> list[tuple[int, int]]:
    """Return the chunks of an axis of `nsize` samples, ``[(start, stop), ...]``.

    None, 0 or a negative `chunk_size` means one chunk. `merge_last` joins a last chunk that came out
    shorter to the one before it.

    >>> get_chunk_boundaries(9, 4, merge_last=True)
    [(0, 4), (4, 9)]
    """
    if chunk_size is None or chunk_size <= 0 or chunk_size >= nsize:
        return [(0, int(nsize))]
    starts = list(range(0, int(nsize), int(chunk_size)))
    if merge_last and nsize % chunk_size:
        starts.pop()
    return list(zip(starts, [*starts[1:], int(nsize)], strict=True))


def get_chunk_shapes(
    shape: Sequence[int], chunk_shape: Sequence[int | None], merge_last: bool = False
) -> list[tuple[tuple[int, int], ...]]:
    """Return the chunks of an array, each a ``(start, stop)`` per axis, the last axis fastest.

    Raises
    ------
    InvalidInputError
        If `shape` and `chunk_shape` differ in length.
    """
    if len(shape) != len(chunk_shape):
        raise InvalidInputError(f"chunk_shape {chunk_shape} has not one size per axis of {shape}", "chunks")
    parts = (
        get_chunk_boundaries(size, chunk, merge_last) for size, chunk in zip(shape, chunk_shape, strict=True)
    )
    return list(product(*parts))
