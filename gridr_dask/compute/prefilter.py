"""The public prefilter of B-splines: the whole array as one piece, in place, with GridR's recursion.

The engine does not use it: its coefficients come from anchored pieces (see ``docs/concepts/prefilter.md``).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.interpolators import BSplineInterpolator
from gridr_dask.compute.splines import (
    domain_extension,
    influence_radius,
    poles,
    truncation_indices,
)
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = [
    "array_bspline_prefiltering",
    "array_bspline_prefiltering_mask_safe_win",
    "compute_2d_domain_extension",
    "compute_2d_truncation_index",
    "compute_bspline_total_margin",
]

_Array = npt.NDArray[Any]


def compute_2d_truncation_index(n: int, precision: int = 6) -> npt.NDArray[np.uintp]:
    """Return how many terms of each pole's filter ``10**-precision`` needs; 5 values, zero filled.

    Raises
    ------
    InvalidInputError
        If there is no spline of degree `n`.

    >>> compute_2d_truncation_index(5).tolist()
    [22, 7, 0, 0, 0]
    """
    poles(n)
    return _filled(truncation_indices(n, 10.0**-precision), 5)


def compute_2d_domain_extension(n: int, precision: int = 6) -> npt.NDArray[np.uintp]:
    """Return the extensions ``L_0, L_1, ...`` of the domain that each pole needs; 6 values, zero filled.

    >>> compute_2d_domain_extension(5).tolist()
    [31, 9, 2, 0, 0, 0]
    """
    poles(n)
    return _filled(domain_extension(n, 10.0**-precision), 6)


def compute_bspline_total_margin(n: int, precision: int = 6) -> int:
    """Return ``L_0``: the samples that prefilter and kernel need around a position.

    >>> compute_bspline_total_margin(3)
    14
    """
    poles(n)
    return domain_extension(n, 10.0**-precision)[0]


def _filled(values: list[int], length: int) -> npt.NDArray[np.uintp]:
    return np.array(values + [0] * (length - len(values)), np.uintp)


def array_bspline_prefiltering(
    array_in: _Array,
    array_in_mask: npt.NDArray[np.uint8] | None = None,
    interp: Any = None,
    n: int | None = None,
    trunc_idx: npt.ArrayLike | None = None,
    precision: int | None = 6,
    mask_influence_threshold: float | None = 0.001,
) -> None:
    """Filter an extended image in place into spline coefficients, divided by ``(n!)**2``.

    After the call, rows and columns ``[L_0 - n // 2, size - (L_0 - n // 2))`` hold coefficients, ``L_0``
    being `compute_bspline_total_margin`; the rest is spent. In the mask, samples under the influence of an
    invalid one, and the spent border, become 0.

    Parameters
    ----------
    array_in : ndarray of float64, (rows, cols) or (bands, rows, cols)
        The image, already extended by ``L_0`` on all sides; changed in place.
    array_in_mask : ndarray of uint8, (rows, cols), optional
        0 is invalid; changed in place.
    interp : BSplineInterpolator, optional
        The spline, initialized; or else `n`.
    n : int, optional
        Degree: 3, 5, 7, 9 or 11.
    trunc_idx : sequence of int, optional
        Terms of each pole's filter, instead of those of `precision`, which must be None then.
    precision : int, optional
        Precision in decimals.
    mask_influence_threshold : float, optional
        Relative weight below which the influence of an invalid sample is neglected.

    Raises
    ------
    InvalidInputError
        If the spline is given twice or not at all, or the image is not larger than ``2 L_0``.
    UnsupportedDtypeError
        If the image is not float64.
    """
    order, indices, threshold = _definition(interp, n, trunc_idx, precision, mask_influence_threshold)
    if getattr(array_in, "dtype", None) != np.float64:
        raise UnsupportedDtypeError("array_in must be an array of float64; use astype", "dtype")
    if array_in.ndim not in (2, 3) or not array_in.flags.writeable:
        raise InvalidInputError(
            f"array_in must be a writeable array (rows, cols) or (bands, rows, cols), got {array_in.shape}",
            "shape",
        )
    extensions = domain_extension(order, 1.0, indices)
    height, width = array_in.shape[-2:]
    if min(height, width) <= 2 * extensions[0]:
        raise InvalidInputError(
            f"array_in of {height} x {width} is too small for order {order}: both sides must exceed "
            f"{2 * extensions[0]} samples, twice the domain extension",
            "image-size",
        )
    if array_in_mask is not None:
        if threshold is None:
            raise InvalidInputError("mask_influence_threshold is needed with a mask", "threshold")
        _check_mask(array_in_mask, (height, width))
    for plane in [array_in] if array_in.ndim == 2 else array_in:
        _filter_lines(plane, order, indices, extensions)
        kept = slice(extensions[0] - order // 2, height - (extensions[0] - order // 2))
        _filter_lines(plane[kept].T, order, indices, extensions)
    if array_in_mask is not None and threshold is not None:
        _spread(array_in_mask, floor(influence_radius(order, threshold)))
        border = extensions[0] - order // 2
        if border:
            for edge in (array_in_mask, array_in_mask.T):
                edge[:border] = edge[-border:] = 0


def _definition(
    interp: Any,
    n: int | None,
    trunc_idx: npt.ArrayLike | None,
    precision: int | None,
    threshold: float | None,
) -> tuple[int, list[int], float | None]:
    """Return degree, truncation indices and mask threshold from the two ways of giving a spline."""
    if (interp is None) == (n is None):
        raise InvalidInputError("give the spline by interp or by n, one of them", "spline")
    if n is None:
        if not isinstance(interp, BSplineInterpolator):
            raise InvalidInputError(f"interp={interp!r} is no B-spline", "spline")
        interp.total_margins()
        indices = truncation_indices(interp.order, interp.epsilon)
        return interp.order, indices, interp.mask_influence_threshold
    known = poles(n)
    if (trunc_idx is None) == (precision is None):
        raise InvalidInputError(
            "trunc_idx and precision exclude each other: give one, and None for the other", "truncation"
        )
    if threshold is not None and not 0 < threshold <= 1:
        raise InvalidInputError(f"mask_influence_threshold={threshold} must be in (0, 1]", "threshold")
    if precision is not None:
        return n, truncation_indices(n, 10.0**-precision), threshold
    given = np.asarray(trunc_idx)
    if given.ndim != 1 or given.dtype.kind not in "iu" or len(given) < len(known) or given.min() < 0:
        raise InvalidInputError(
            f"trunc_idx must be at least {len(known)} integers from 0 on for order {n}, got {trunc_idx!r}",
            "truncation",
        )
    return n, [int(i) for i in given[: len(known)]], threshold


def _check_mask(mask: Any, shape: tuple[int, int]) -> None:
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
        raise UnsupportedDtypeError("array_in_mask must be an array of uint8", "mask-dtype")
    if mask.shape != shape or not mask.flags.writeable:
        raise InvalidInputError(
            f"array_in_mask must be writeable and of shape {shape}, got {mask.shape}", "mask-shape"
        )


def _filter_lines(lines: _Array, order: int, indices: list[int], extensions: list[int]) -> None:
    """Filter along the first axis, pole by pole; each pole consumes its part of the extension."""
    size = len(lines)
    for pole, count, extension in zip(poles(order), indices, extensions, strict=False):
        inset = extensions[0] - extension
        _filter_pole(lines[inset : size - inset], pole, count)


def _filter_pole(s: _Array, z: float, count: int) -> None:
    """Exponential filter of one pole: causal, then anticausal, with sums of `count` terms to start from."""
    end = len(s) - 1 - count
    power, start, right = 1.0, s[count].copy(), np.zeros_like(s[0])
    for j in range(1, count + 1):
        power *= z
        start += power * s[count - j]
        right += power * s[end + j]
    s[count] = start
    for i in range(count + 1, end + 1):
        s[i] += z * s[i - 1]
    s[end] = z / (z * z - 1.0) * (s[end] + right)
    for i in range(end - 1, count - 1, -1):
        s[i] = z * (s[i + 1] - s[i])


def _spread(mask: _Array, radius: int) -> None:
    """Set to 0 every sample within Manhattan distance `radius` of a 0, in place."""
    if radius < 1 or mask.all():
        return
    distance = np.where(mask == 0, 0, radius + 1)
    for lines in (distance, distance.T):
        for i in range(1, len(lines)):
            np.minimum(lines[i], lines[i - 1] + 1, out=lines[i])
        for i in range(len(lines) - 2, -1, -1):
            np.minimum(lines[i], lines[i + 1] + 1, out=lines[i])
    mask[distance <= radius] = 0


def array_bspline_prefiltering_mask_safe_win(
    array_in_mask: _Array,
    array_in_mask_safe_win: npt.ArrayLike,
    interp: Any = None,
    n: int | None = None,
    trunc_idx: npt.ArrayLike | None = None,
    precision: int | None = 6,
    mask_influence_threshold: float | None = 0.001,
) -> npt.NDArray[np.int64] | None:
    """Return the part of an all-valid window that is all valid after the prefilter's mask update, or None.

    Parameters
    ----------
    array_in_mask : ndarray, (rows, cols)
        Only its shape counts.
    array_in_mask_safe_win : [[row, row], [col, col]]
        The window, inclusive.
    interp, n, trunc_idx, precision, mask_influence_threshold
        As in `array_bspline_prefiltering`.

    Raises
    ------
    InvalidInputError
        If the window does not lie within the mask, or the spline is not well given.
    """
    order, indices, threshold = _definition(interp, n, trunc_idx, precision, mask_influence_threshold)
    window = np.asarray(array_in_mask_safe_win)
    shape = np.shape(array_in_mask)
    if len(shape) != 2:
        raise InvalidInputError(f"array_in_mask must be (rows, cols), got shape {shape}", "mask-shape")
    if window.shape != (2, 2) or window.dtype.kind not in "iu":
        raise InvalidInputError(
            f"array_in_mask_safe_win must be [[row, row], [col, col]], got {array_in_mask_safe_win!r}",
            "window",
        )
    inset = ceil(influence_radius(order, 1.0 if threshold is None else threshold))
    border = domain_extension(order, 1.0, indices)[0] - order // 2
    safe = np.empty((2, 2), np.int64)
    for axis, (first, last) in enumerate(window.tolist()):
        size = shape[axis]
        if not 0 <= first <= last < size:
            raise InvalidInputError(
                f"array_in_mask_safe_win {window.tolist()} must lie within the mask of shape {shape}",
                "window",
            )
        safe[axis] = max(first + inset, border), min(last - inset, size - 1 - border)
    return safe if (safe[:, 0] <= safe[:, 1]).all() else None
