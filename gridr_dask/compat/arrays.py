"""Arrays changed in place where a condition holds, and arrays converted to another type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compat.windows import window_apply
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = [
    "ArrayProfile",
    "ValueRangeError",
    "array_add",
    "array_convert",
    "array_replace",
    "is_clip_required",
    "is_clip_to_dtype_limits_safe",
]

_Array = npt.NDArray[Any]

_ROUNDING: dict[str, Callable[[_Array], _Array]] = {"round": np.rint, "ceil": np.ceil, "floor": np.floor}


class ValueRangeError(InvalidInputError, OverflowError):
    """A value that the array's type can't hold."""


@dataclass
class ArrayProfile:
    """Shape and type of an array that is not there.

    Attributes
    ----------
    shape : tuple of int
        Samples along each axis.
    ndim : int
        Number of axes.
    dtype : numpy.dtype
        Type of the samples.
    """

    shape: tuple[int, ...]
    ndim: int
    dtype: Any

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(np.prod(self.shape, dtype=np.int64))

    def make_2d(self) -> None:
        """Drop the first axis of a 3-D profile, in place."""
        if self.ndim == 3:
            self.shape, self.ndim = self.shape[1:], 2


def array_replace(
    array: _Array,
    val_cond: float,
    val_true: float,
    val_false: float | None,
    array_cond: _Array | None = None,
    array_cond_val: float | None = None,
    win: npt.ArrayLike | None = None,
) -> None:
    """Replace, in place, the samples where a condition holds by one value and the others by another.

    Parameters
    ----------
    array : 2-D array of integers or floats
        Changed within `win`.
    val_cond : number
        The condition is that a sample equals it; NaN equals NaN.
    val_true, val_false : number
        New samples where the condition holds and where not; None leaves the latter.
    array_cond, array_cond_val : array of the same shape and number, optional
        The condition is that `array_cond` equals `array_cond_val` instead.
    win : [[row, row], [col, col]], optional
        Inclusive window; None for the whole array.

    Raises
    ------
    InvalidInputError
        If shapes or the window don't fit, or one of `array_cond` and `array_cond_val` is missing.
    ValueRangeError, UnsupportedDtypeError
        If the array's type can't hold a value; the former is an OverflowError too.
    """
    part, holds = _condition(array, val_cond, array_cond, array_cond_val, win)
    true = _held(val_true, array.dtype, "val_true")
    if val_false is not None:
        np.copyto(part, _held(val_false, array.dtype, "val_false"), where=~holds)
    np.copyto(part, true, where=holds)


def array_add(
    array: _Array,
    val_cond: float,
    val_add: float,
    add_on_true: bool,
    array_cond: _Array | None = None,
    array_cond_val: float | None = None,
    win: npt.ArrayLike | None = None,
) -> None:
    """Add a value, in place, to the samples where a condition holds (`add_on_true`) or doesn't.

    Integers wrap around. The other parameters and the errors are those of `array_replace`.
    """
    part, holds = _condition(array, val_cond, array_cond, array_cond_val, win)
    added = _held(val_add, array.dtype, "val_add")
    np.add(part, added, out=part, where=holds if add_on_true else ~holds)


def _condition(
    array: _Array, value: float, other: _Array | None, other_value: float | None, win: npt.ArrayLike | None
) -> tuple[_Array, npt.NDArray[np.bool_]]:
    if array.ndim != 2 or array.dtype.kind not in "iuf":
        kind = InvalidInputError if array.ndim != 2 else UnsupportedDtypeError
        raise kind(f"array must be 2-D of integers or floats, got {array.dtype} {array.shape}", "array")
    if (other is None) != (other_value is None):
        raise InvalidInputError("array_cond and array_cond_val go together: give both or none", "array-cond")
    if other is not None and other.shape != array.shape:
        raise InvalidInputError(f"array_cond {other.shape} must have the shape {array.shape}", "array-cond")
    part = array if win is None else window_apply(array, win)
    if other is None or other_value is None:
        return part, _equals(part, value)
    return part, _equals(other if win is None else window_apply(other, win), other_value)


def _equals(samples: _Array, value: float) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = np.isnan(samples) if np.isnan(value) else samples == value
    return equal


def _held(value: Any, dtype: np.dtype[Any], name: str) -> Any:
    """Return the value in the array's type, which must be able to hold it."""
    if dtype.kind == "f":
        return dtype.type(value)
    try:
        number = index(value)
    except TypeError:
        raise UnsupportedDtypeError(
            f"{name}={value!r} is no integer, but array holds {dtype}", name
        ) from None
    limits = np.iinfo(dtype)
    if not limits.min <= number <= limits.max:
        raise ValueRangeError(f"{name}={value!r} is out of the range of {dtype}", name)
    return dtype.type(number)


def _limits(dtype: npt.DTypeLike) -> tuple[Any, Any]:
    dtype = np.dtype(dtype)
    if dtype.kind not in "iuf":
        raise InvalidInputError(f"{dtype} is neither an integer nor a float type", "dtype")
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def is_clip_required(in_dtype: npt.DTypeLike, out_dtype: npt.DTypeLike) -> bool:
    """Return whether samples of one type may lie outside of the limits of the other.

    Raises
    ------
    InvalidInputError
        If a type is neither integer nor float.
    """
    (low, high), (out_low, out_high) = _limits(in_dtype), _limits(out_dtype)
    return bool(low < out_low or high > out_high)


def is_clip_to_dtype_limits_safe(in_dtype: npt.DTypeLike, out_dtype: npt.DTypeLike) -> bool:
    """Return whether the input type represents the limit that its samples are clipped to.

    >>> is_clip_to_dtype_limits_safe("float32", "int32")
    False
    """
    if np.dtype(in_dtype).kind != "f" or not is_clip_required(in_dtype, out_dtype):
        return True
    limit = _limits(out_dtype)[1]
    with np.errstate(over="ignore"):
        return bool(float(np.dtype(in_dtype).type(limit)) == limit)


def array_convert(
    array_in: _Array,
    array_out: _Array,
    clip: Any = "auto",
    safe: bool = True,
    rounding_method: str | None = "round",
    *,
    nan_value: int = 0,
) -> None:
    """Write samples into an array of another type; the input stays as it is.

    Parameters
    ----------
    array_in : array of integers or floats
        Must broadcast to `array_out`.
    array_out : array of integers or floats
        Written.
    clip : "auto" or (low, high)
        "auto" clips to the limits of the output type, infinities of float outputs excepted.
    safe : bool
        Whether "auto" refuses pairs of types whose limit the input type can't represent
        (`is_clip_to_dtype_limits_safe`); if not, the nearest float within the limits is taken.
    rounding_method : {"round", "ceil", "floor", None}
        For floats that become integers; "round" takes halves to even, None cuts towards zero.
    nan_value : int
        What NaN becomes in integers.

    Raises
    ------
    InvalidInputError
        If `clip` exceeds the output's limits or is inverted, or `safe` refuses.
    UnsupportedDtypeError
        If `clip` is neither "auto" nor a pair.
    """
    auto = isinstance(clip, str) and clip == "auto"
    low, high = _auto_range(array_in.dtype, array_out.dtype, safe) if auto else _range(array_out.dtype, clip)
    to_float = array_out.dtype.kind == "f"
    samples = array_in
    if array_in.dtype.kind == "f" and not to_float:
        # float16 is widened: its infinity would else end at 65504, in the middle of wide integers.
        samples = samples.astype(np.promote_types(samples.dtype, np.float32), copy=False)
        samples = _ROUNDING.get(rounding_method or "", np.positive)(samples)
        samples = np.where(np.isnan(samples), np.asarray(nan_value, samples.dtype), samples)
    if not (auto and to_float):
        samples = _clipped(samples, low, high)
    elif is_clip_required(array_in.dtype, array_out.dtype):
        samples = np.where(np.isinf(samples), samples, _clipped(samples, low, high))
    np.copyto(array_out, samples, casting="unsafe")


def _auto_range(source: np.dtype[Any], target: np.dtype[Any], safe: bool) -> tuple[Any, Any]:
    _limits(source)
    if safe and not is_clip_to_dtype_limits_safe(source, target):
        raise InvalidInputError(
            f"{source} can't represent the limits of {target}; pass safe=False or a clip range", "clip"
        )
    return _limits(target)


def _range(target: np.dtype[Any], clip: Any) -> tuple[Any, Any]:
    limits = _limits(target)
    try:
        low, high = clip
        ordered = limits[0] <= low <= high <= limits[1]
    except (TypeError, ValueError):
        raise UnsupportedDtypeError(f"clip={clip!r} must be 'auto' or (low, high)", "clip") from None
    if not ordered:
        raise InvalidInputError(f"clip={clip!r} must be ordered and within {limits} of {target}", "clip")
    return low, high


def _clipped(samples: _Array, low: Any, high: Any) -> _Array:
    """Return samples between two limits that their own type may not be able to hold."""
    if samples.dtype.kind == "f":
        return np.clip(samples, _within(low, samples.dtype, 1), _within(high, samples.dtype, -1))
    lowest, highest = _limits(samples.dtype)
    if high < lowest or low > highest:
        return np.full(samples.shape, high if high < lowest else low)
    return np.clip(samples, max(low, lowest), min(high, highest))


def _within(limit: Any, dtype: np.dtype[Any], side: int) -> Any:
    """Return the float nearest to a limit and not past it; `side` tells where the inside is."""
    with np.errstate(over="ignore"):
        value = dtype.type(limit)
    if np.isinf(value):
        return np.copysign(np.finfo(dtype).max, value)
    past = float(value) < limit if side > 0 else float(value) > limit
    return np.nextafter(value, dtype.type(side * np.inf)) if past else value
