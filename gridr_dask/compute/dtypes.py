"""Which sample types can be resampled to which, and how the engine sees them.

The engine computes on booleans, integers of 8 to 64 bits, float32 and float64. Complex samples are two
planes of floats. ``nearest`` moves samples of any fixed size without looking at them: as planes of the
widest unsigned integer that divides their size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry import Kernel

__all__ = ["as_planes", "cast_fill", "default_fill", "result_dtype"]

_REAL = frozenset("?bBhHiIlLqQfd")
_COMPLEX = frozenset("FD")


def result_dtype(source: npt.DTypeLike, requested: npt.DTypeLike | None, kernel: Kernel) -> np.dtype[Any]:
    """Return the output's type: `requested`, else the source's, in native byte order.

    Raises
    ------
    UnsupportedDtypeError
        If the kernel can't work on samples of the source's type, or can't produce the requested one.
    """
    source = np.dtype(source)
    if source.hasobject or source.itemsize == 0 or source.char == "T":
        raise UnsupportedDtypeError(
            f"samples of type {source} have no fixed size; use astype to make them numbers", "dtype"
        )
    source = source.newbyteorder("=")
    result = source if requested is None else np.dtype(requested).newbyteorder("=")
    if kernel.name == "nearest" and result == source:
        return result
    both_real = source.char in _REAL and result.char in _REAL
    both_complex = source.char in _COMPLEX and result.char in _COMPLEX
    if not both_real and not both_complex:
        raise UnsupportedDtypeError(
            f"interp={kernel.name!r} can't resample {source} to {result}; it computes on bool, "
            f"integers up to 64 bits, float32, float64, and from complex to complex: use astype on "
            f"the source, or interp='nearest' with dtype=None to move samples as they are",
            "dtype",
        )
    return result


def default_fill(dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return what stands for "no value", an array of no axes: NaN or NaT where the type has it, else 0."""
    if dtype.kind in "mM":
        return _sample("NaT", dtype)
    return cast_fill(np.nan, dtype) if dtype.kind in "fc" else np.zeros((), dtype)


def cast_fill(value: Any, dtype: np.dtype[Any], name: str = "nodata_out") -> npt.NDArray[Any]:
    """Return `value` as a sample of `dtype`, an array of no axes; errors call it `name`.

    A complex NaN is NaN in both parts.

    Raises
    ------
    InvalidInputError
        If the type can't hold the value.
    """
    given = np.asarray(value)
    if given.ndim != 0:
        raise InvalidInputError(f"{name}={value!r} must be one number", "nodata")
    if dtype.kind in "biuf" and np.can_cast(given.dtype, dtype):
        return given.astype(dtype)
    try:
        if value is None or (given.dtype.kind == "c" and dtype.kind != "c"):
            raise TypeError
        if dtype.kind in "mM" and isinstance(value, (float, np.floating)):
            raise TypeError
        with np.errstate(all="ignore"):
            sample = _sample(given, dtype)
            if dtype.kind == "c" and np.isnan(sample):
                sample = _sample(complex(np.nan, np.nan), dtype)
            # Integers, booleans and texts hold the very value; floats may round, but not overflow.
            if dtype.kind in "iubSU":
                holds = bool(sample == given[()])
            else:
                holds = dtype.kind not in "fc" or bool(np.isfinite(sample) or not np.isfinite(value))
    except (TypeError, ValueError, OverflowError):
        holds = False
    if not holds:
        raise InvalidInputError(
            f"{name}={value!r} can't be held by samples of type {dtype}; choose another value or type",
            "nodata",
        )
    return sample


def _sample(value: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    # No numpy scalar: that of a text type forgets how long it is.
    return np.asarray(value).astype(dtype)


def as_planes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of samples that the engine knows, with an axis of parts in front if it needs one."""
    dtype = array.dtype
    if dtype.char in _REAL:
        return array
    if dtype.char in _COMPLEX:
        part = np.dtype(f"f{dtype.itemsize // 2}")
    else:
        part = np.dtype(f"u{dtype.itemsize & -dtype.itemsize & 15 or 8}")
        part = np.dtype(f"u{min(part.itemsize, 8)}")
    count = dtype.itemsize // part.itemsize
    fields = np.dtype([(f"f{i}", part) for i in range(count)])
    first = array.view(fields)["f0"]
    if count == 1:
        return first
    return np.lib.stride_tricks.as_strided(
        first,
        (count, *first.shape),
        (part.itemsize, *first.strides),
        writeable=first.flags.writeable,
    )
