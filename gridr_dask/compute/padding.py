"""Images with invented pixels around them: what each boundary mode puts past an edge.

Along an axis of samples ``1 2 3 4``:

    constant   0 0 0 | 1 2 3 4 | 0 0 0
    edge       1 1 1 | 1 2 3 4 | 4 4 4
    reflect    4 3 2 | 1 2 3 4 | 3 2 1      period 2 (n - 1), the end sample once
    symmetric  3 2 1 | 1 2 3 4 | 4 3 2      period 2 n, the end sample twice
    wrap       2 3 4 | 1 2 3 4 | 1 2 3      period n

A pad may be longer than the image: the period goes on.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry.boundary import MODES, check_boundary_condition, source_index

__all__ = [
    "check_pad",
    "get_array_padded_shape",
    "pad_inplace",
    "source_extent_pad",
]

_Array = npt.NDArray[Any]
Pairs = tuple[tuple[int, int], ...]

_KEYWORDS = {"constant": {"constant_values"}, "reflect": {"reflect_type"}, "symmetric": {"reflect_type"}}


def check_pad(pad: npt.ArrayLike) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ``((top, bottom), (left, right))`` as integers, or raise InvalidInputError."""
    pairs = np.asarray(pad)
    if pairs.shape != (2, 2) or pairs.dtype.kind not in "iu" or pairs.min() < 0:
        raise InvalidInputError(
            f"pad must be ((top, bottom), (left, right)) in pixels, none negative, got {pad!r}", "pad"
        )
    (top, bottom), (left, right) = pairs.tolist()
    return (top, bottom), (left, right)


def get_array_padded_shape(
    array_src: _Array, pad: npt.ArrayLike
) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """Return the shape of the padded array, and where the source stands in it.

    Parameters
    ----------
    array_src : 2-D or 3-D array
        Only the last two axes are padded.
    pad : ((top, bottom), (left, right))
        In pixels.

    Raises
    ------
    InvalidInputError
        If the array has another number of axes, or a pad is negative.

    >>> get_array_padded_shape(np.zeros((100, 100)), ((5, 5), (10, 10)))
    ((110, 120), (slice(5, 105, None), slice(10, 110, None)))
    """
    pairs = check_pad(pad)
    if array_src.ndim not in (2, 3):
        raise InvalidInputError(
            f"array_src must be (rows, cols) or (variables, rows, cols), got shape {array_src.shape}",
            "array-shape",
        )
    sizes = array_src.shape[-2:]
    shape = tuple(before + size + after for (before, after), size in zip(pairs, sizes, strict=True))
    place = tuple(slice(before, before + size) for (before, _), size in zip(pairs, sizes, strict=True))
    planes = array_src.shape[:-2]
    return planes + shape, (slice(None),) * len(planes) + place


def source_extent_pad(
    array_src: _Array, pad: npt.ArrayLike, boundary_condition: str | None, fill: Any = None
) -> _Array:
    """Return a padded copy of an image, C-contiguous and of its type.

    Parameters
    ----------
    array_src : 2-D or 3-D array
        Only the last two axes are padded, each variable on its own.
    pad : ((top, bottom), (left, right))
        In pixels.
    boundary_condition : {None, "constant", "edge", "reflect", "symmetric", "wrap"}
        What the pads hold; None leaves `fill` there, "constant" puts 0.
    fill : scalar, optional
        Value of the pads without a mode; 0 if not given.

    Raises
    ------
    InvalidInputError
        If the mode is unknown, a pad is negative, or an axis without samples should be extended.
    """
    check_boundary_condition(boundary_condition)
    shape, place = get_array_padded_shape(array_src, pad)
    padded = np.full(shape, 0 if fill is None else fill, array_src.dtype)
    padded[place] = array_src
    if boundary_condition is not None:
        planes = ((0, 0),) * (array_src.ndim - 2)
        _fill_pads(padded, planes + check_pad(pad), boundary_condition, {})
    return padded


def pad_inplace(
    array: _Array,
    src_win: tuple[slice, ...],
    pad_width: Any,
    mode: str = "constant",
    strict_size: bool = True,
    **kwargs: Any,
) -> None:
    """Fill the pads around the samples that already stand in a buffer, as `numpy.pad` would.

    Parameters
    ----------
    array : ndarray
        The buffer; written.
    src_win : tuple of slices
        Where the samples stand, one slice per axis.
    pad_width : int, pair, pair per axis, or {axis: (before, after)}
        Pads in samples, signed integers.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What the pads hold.
    strict_size : bool
        Whether a buffer larger than samples and pads is an error, or a UserWarning and left as it is
        around them.
    **kwargs
        `constant_values` (scalar, pair or pair per axis) for "constant"; `reflect_type` ("even" or
        "odd") for "reflect" and "symmetric".

    Raises
    ------
    InvalidInputError
        If the mode, a keyword, a size or a width is wrong, or an axis without samples is to be extended.
    UnsupportedDtypeError
        If `pad_width` is not made of signed integers.
    """
    if mode not in MODES:
        raise InvalidInputError(f"mode={mode!r} is unknown; known: {', '.join(MODES)}", "mode")
    unknown = set(kwargs) - _KEYWORDS.get(mode, set())
    if unknown:
        raise InvalidInputError(f"mode={mode!r} takes no keyword {', '.join(sorted(unknown))}", "mode")
    if kwargs.get("reflect_type", "even") not in ("even", "odd"):
        raise InvalidInputError(f"reflect_type={kwargs['reflect_type']!r} must be 'even' or 'odd'", "mode")
    widths = _widths(pad_width, array.ndim)
    _fill_pads(array[_block(array, src_win, widths, strict_size)], widths, mode, kwargs)


def _widths(pad_width: Any, ndim: int) -> Pairs:
    if isinstance(pad_width, Mapping):
        given = pad_width
        pad_width = np.zeros((ndim, 2), np.intp)
        for axis, pair in given.items():
            if not -ndim <= axis < ndim:
                raise InvalidInputError(f"pad_width names axis {axis} of an array of {ndim} axes", "pad")
            pad_width[axis] = pair
    pairs = np.asarray(pad_width)
    if pairs.dtype.kind != "i":
        raise UnsupportedDtypeError(f"pad_width must be signed integers, got {pairs.dtype}", "pad")
    return tuple((before, after) for before, after in _per_axis(pairs, ndim, "pad_width", lowest=0).tolist())


def _per_axis(values: npt.ArrayLike, ndim: int, name: str, lowest: int | None = None) -> _Array:
    try:
        pairs = np.broadcast_to(np.asarray(values), (ndim, 2))
    except ValueError:
        raise InvalidInputError(
            f"{name}={values!r} does not give a pair for each of {ndim} axes", "pad"
        ) from None
    if lowest is not None and pairs.size and pairs.min() < lowest:
        raise InvalidInputError(f"{name}={values!r} must not be negative", "pad")
    return pairs


def _block(array: _Array, src_win: tuple[slice, ...], widths: Pairs, strict_size: bool) -> tuple[slice, ...]:
    """Return where samples and pads stand in the buffer."""
    if len(src_win) != array.ndim:
        raise InvalidInputError(
            f"src_win has {len(src_win)} slices for an array of {array.ndim} axes", "src-win"
        )
    block = []
    for axis, (part, (before, after), size) in enumerate(zip(src_win, widths, array.shape, strict=True)):
        start, stop, step = part.indices(size)
        first, end = start - before, max(stop, start) + after
        if step != 1 or first < 0 or end > size:
            raise InvalidInputError(
                f"src_win {part} with pad_width {before, after} needs samples [{first}, {end}) of "
                f"axis {axis}, but array has [0, {size})",
                "src-win",
            )
        if end - first < size:
            text = f"array has {size} samples on axis {axis}, but samples and pads take {end - first} of them"
            if strict_size:
                raise InvalidInputError(f"{text}; pass strict_size=False to leave the others", "array-size")
            warnings.warn(f"{text}; the others are left", UserWarning, stacklevel=3)
        block.append(slice(first, end))
    return tuple(block)


def _fill_pads(block: _Array, widths: Pairs, mode: str, options: dict[str, Any]) -> None:
    """Fill the pads of a block, one axis after the other: later axes extend the pads of earlier ones."""
    constants = _per_axis(options.get("constant_values", 0), block.ndim, "constant_values")
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        later = tuple(
            slice(b, n - a) for (b, a), n in zip(widths[axis + 1 :], block.shape[axis + 1 :], strict=True)
        )
        lines = np.moveaxis(block[(slice(None),) * (axis + 1) + later], axis, 0)
        samples = lines[before : len(lines) - after]
        if mode == "constant":
            lines[:before], lines[before + len(samples) :] = constants[axis]
            continue
        if not len(samples):
            raise InvalidInputError(f"axis {axis} has no sample to extend by mode {mode!r}", "array-size")
        for first, stop in ((0, before), (before + len(samples), len(lines))):
            positions = np.arange(first, stop) - before
            if options.get("reflect_type") == "odd":
                lines[first:stop] = _odd(samples, before, after, mode)[first:stop]
            else:
                lines[first:stop] = samples[source_index(positions, len(samples), mode)]


def _odd(samples: _Array, before: int, after: int, mode: Any) -> _Array:
    widths = ((before, after),) + ((0, 0),) * (samples.ndim - 1)
    return np.pad(samples, widths, mode=mode, reflect_type="odd")
