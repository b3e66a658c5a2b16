"""What a call does about validity: read a mask, trust a region, or neither.

The answer depends on the mask, on the pads and who trusts them, and on the kernel: a B-spline's prefilter
lets an invalid sample reach others, so it needs to know where the valid ones end.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.interpolators import is_bspline
from gridr_dask.compute.padding import check_pad, source_extent_pad
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry.boundary import check_boundary_condition

__all__ = [
    "ResamplingMaskStrategy",
    "Validity",
    "apply_mask_strategy",
    "check_mask",
    "check_mask_strategy",
    "decide_mask_strategy",
    "resolve_mask_strategy",
]

_Array = npt.NDArray[Any]
_Pad = tuple[tuple[int, int], tuple[int, int]]
_KINDS = ("none", "binary", "safe_region")


class Validity(IntEnum):
    """Values of a mask; reading one, any value but 0 is valid."""

    INVALID = 0
    VALID = 1


class ResamplingMaskStrategy(NamedTuple):
    """How validity is known, in the frame of the padded image.

    Attributes
    ----------
    mask_kind : {"none", "binary", "safe_region"}
        Nothing to ask; ask the mask for each sample; ask it outside of `safe_region` only.
    safe_region : (2, 2) integer array, or None
        ``[[first row, last row], [first col, last col]]``, inclusive, all valid.
    needs_mask_alloc : bool
        Whether there is no mask of the user and one has to be made.
    pad_fill : Validity or None
        What the mask holds in the pads.
    boundary_condition : str or None
        Mode that extends the user's mask into the pads, instead of `pad_fill`; "constant" means `pad_fill`.
    """

    mask_kind: str | None
    safe_region: _Array | None
    needs_mask_alloc: bool
    pad_fill: Any
    boundary_condition: str | None


_NOTHING = ResamplingMaskStrategy("none", None, False, None, None)


def resolve_mask_strategy(
    interp: Any,
    pad: npt.ArrayLike,
    array_in_mask: _Array | None,
    boundary_condition: str | None,
    trust_padding: bool = True,
    array_in_shape: tuple[int, ...] | None = None,
    array_in_mask_safe_win: npt.ArrayLike | None = None,
) -> ResamplingMaskStrategy:
    """Return how validity is known in a call.

    Parameters
    ----------
    interp : str or interpolator
        Only whether it is a B-spline counts.
    pad : ((top, bottom), (left, right))
        Pixels around the image.
    array_in_mask : uint8 array (rows, cols), optional
        0 = invalid. Without any 0 it counts as no mask.
    boundary_condition : str or None
        What the pads hold.
    trust_padding : bool
        Whether pads filled by a boundary condition are valid.
    array_in_shape : (..., rows, cols), optional
        Shape of the image; needed without a mask.
    array_in_mask_safe_win : [[row, row], [col, col]], optional
        Window of the image promised to be valid, inclusive; ignored when the mask has no 0.

    Raises
    ------
    InvalidInputError
        If the mode is unknown, a pad is negative, shapes disagree, or the safe window leaves the image.
    UnsupportedDtypeError
        If the mask is not uint8.
    """
    pairs = check_pad(pad)
    check_boundary_condition(boundary_condition)
    if array_in_mask is not None:
        check_mask(array_in_mask, array_in_mask.shape if array_in_shape is None else array_in_shape)
    real = array_in_mask is not None and not array_in_mask.all()
    described = array_in_mask is not None or array_in_shape is not None
    shape = _image_shape(array_in_mask, array_in_shape) if described else None
    safe = None
    if real and shape is not None and array_in_mask_safe_win is not None:
        safe = _window_within(array_in_mask_safe_win, shape, "array_in_mask_safe_win")
    mode = boundary_condition if trust_padding else None
    return decide_mask_strategy(
        is_bspline(interp), pairs, shape, mode, (array_in_mask is not None, real), safe
    )


def decide_mask_strategy(
    spline: bool,
    pad: _Pad,
    shape: tuple[int, int] | None,
    trusted_mode: str | None,
    mask: tuple[bool, bool],
    safe_window: _Array | None,
) -> ResamplingMaskStrategy:
    """Return how validity is known: the one decision behind every call, on one array or on blocks.

    Parameters
    ----------
    spline : bool
        Whether the kernel is a B-spline.
    pad : ((top, bottom), (left, right))
        Pixels around the image.
    shape : (int, int), optional
        Rows and columns of the image; needed where a region is made from it.
    trusted_mode : str or None
        Boundary condition of pads that are valid.
    mask : (bool, bool)
        Whether a mask is given, and whether it has a 0.
    safe_window : (2, 2) integer array, optional
        Window of the image promised to be valid, inclusive.
    """
    given, real = mask
    padded = any(map(any, pad))
    mode = trusted_mode if padded else None
    fill = (Validity.INVALID if mode is None else Validity.VALID) if padded else None
    if not real:
        if not spline and (not padded or mode is not None):
            return _NOTHING
        return _strategy_without_mask(pad, _image_shape(None, shape), not given, fill, mode)
    if safe_window is None:
        return ResamplingMaskStrategy("binary", None, False, fill, mode)
    shift = [[pad[0][0]], [pad[1][0]]]
    return ResamplingMaskStrategy("safe_region", safe_window + shift, False, fill, mode)


def _strategy_without_mask(
    pad: _Pad, shape: tuple[int, int], alloc: bool, fill: Validity | None, mode: str | None
) -> ResamplingMaskStrategy:
    """Return the strategy of an image all valid, whose end matters to the kernel or to the pads."""
    (top, bottom), (left, right) = pad
    region = np.array([[top, top + shape[0] - 1], [left, left + shape[1] - 1]])
    if mode is not None:
        region += [[-top, bottom], [-left, right]]
    if not alloc:
        return ResamplingMaskStrategy("safe_region", region, False, fill, mode)
    return ResamplingMaskStrategy(
        "safe_region", region, True, Validity.INVALID if fill is None else fill, None
    )


def _image_shape(mask: _Array | None, array_in_shape: tuple[int, ...] | None) -> tuple[int, int]:
    shape = array_in_shape if mask is None else mask.shape
    if shape is None or len(shape) < 2:
        raise InvalidInputError(
            f"array_in_shape={array_in_shape} must be (..., rows, cols) when there is no array_in_mask",
            "array-shape",
        )
    return shape[-2], shape[-1]


def check_mask(mask: Any, shape: tuple[int, ...]) -> None:
    """Raise unless a mask is uint8, 2-D, of the rows and columns of an image of `shape`."""
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
        given = getattr(mask, "dtype", type(mask).__name__)
        raise UnsupportedDtypeError(f"array_in_mask is {given}; it must be an array of uint8", "mask")
    if mask.ndim != 2 or mask.shape != tuple(shape[-2:]):
        raise InvalidInputError(
            f"array_in_mask {mask.shape} must have the shape of the image, {tuple(shape[-2:])}",
            "mask",
        )


def _window_within(window: npt.ArrayLike | None, shape: tuple[int, int], name: str) -> _Array:
    window = np.array(window)
    if window.shape != (2, 2) or window.dtype.kind not in "iu":
        raise InvalidInputError(
            f"{name} must be integers [[row, row], [col, col]], got {window}", "safe-window"
        )
    first, last = window.astype(np.int64).T
    if (first < 0).any() or (last < first).any() or (last >= shape).any():
        raise InvalidInputError(
            f"{name} {window.tolist()} must lie within the image of {shape[0]} rows and {shape[1]} columns",
            "safe-window",
        )
    return window.astype(np.int64)


def apply_mask_strategy(
    array_in_mask: _Array | None,
    pad: npt.ArrayLike,
    array_in_shape: tuple[int, ...],
    strategy: ResamplingMaskStrategy,
) -> _Array | None:
    """Return the mask of the padded image that a strategy asks for, or None if it asks for none.

    Parameters
    ----------
    array_in_mask : uint8 array (rows, cols), optional
        The user's mask; returned itself when there is nothing to pad.
    pad : ((top, bottom), (left, right))
        Pixels around the image.
    array_in_shape : (..., rows, cols)
        Shape of the image.
    strategy : ResamplingMaskStrategy
        From `resolve_mask_strategy`.

    Raises
    ------
    InvalidInputError
        If the strategy contradicts itself or the pads, or needs a mask that is not given.
    """
    pairs = check_pad(pad)
    check_mask_strategy(pairs, strategy)
    if strategy.mask_kind in (None, "none"):
        return None
    if strategy.needs_mask_alloc:
        rows, cols = (n + sum(pair) for n, pair in zip(array_in_shape[-2:], pairs, strict=True))
        mask = np.full((rows, cols), strategy.pad_fill, np.uint8)
        (r0, r1), (c0, c1) = _window_within(strategy.safe_region, (rows, cols), "safe_region")
        mask[r0 : r1 + 1, c0 : c1 + 1] = Validity.VALID
        return mask
    if array_in_mask is None:
        raise InvalidInputError(
            f"array_in_mask is needed by a strategy of mask_kind {strategy.mask_kind!r} without allocation",
            "mask",
        )
    check_mask(array_in_mask, array_in_shape)
    if not np.any(pairs):
        return array_in_mask
    # The constant of a mask is its fill: 0, that of the image, would distrust what the strategy trusts.
    mode = None if strategy.boundary_condition == "constant" else strategy.boundary_condition
    return source_extent_pad(array_in_mask, pairs, mode, fill=strategy.pad_fill)


def check_mask_strategy(pad: npt.ArrayLike, strategy: ResamplingMaskStrategy) -> None:
    """Raise InvalidInputError if a strategy contradicts itself, or the pads it is made for.

    Parameters
    ----------
    pad : ((top, bottom), (left, right))
        Pixels around the image.
    strategy : ResamplingMaskStrategy
        What to check.
    """
    padded = bool(np.any(check_pad(pad)))
    kind = strategy.mask_kind or "none"
    nothing = kind == "none"
    alloc, fill, mode = strategy.needs_mask_alloc, strategy.pad_fill, strategy.boundary_condition
    filled = fill is not None and fill in (Validity.VALID, Validity.INVALID)
    faults = {
        f"mask_kind={kind!r} is none of {', '.join(_KINDS)}": kind not in _KINDS,
        "mask_kind 'none' allows no other field": (
            nothing and (alloc or any(field is not None for field in (strategy.safe_region, fill, mode)))
        ),
        "safe_region goes with mask_kind 'safe_region', and only with it": (
            (kind == "safe_region") != (strategy.safe_region is not None)
        ),
        "needs_mask_alloc excludes boundary_condition: it extends no mask": alloc and mode is not None,
        "needs_mask_alloc goes with mask_kind 'safe_region' only": alloc and kind != "safe_region",
        f"needs_mask_alloc needs pad_fill VALID or INVALID, not {fill!r}": alloc and not filled,
        "boundary_condition without a pad": not padded and mode is not None,
        "pad_fill without a pad or needs_mask_alloc": not padded and fill is not None and not alloc,
        f"a pad needs pad_fill VALID or INVALID, not {fill!r}": padded and not nothing and not filled,
    }
    for text, wrong in faults.items():
        if wrong:
            raise InvalidInputError(f"strategy: {text}", "mask-strategy")
    check_boundary_condition(mode)
