"""Where `array_grid_resampling` writes: new arrays, or blocks of the caller's buffers."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.dtypes import cast_fill, result_dtype
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry import Kernel, Window

__all__ = ["Output", "inclusive_window"]

_Array = npt.NDArray[Any]


def inclusive_window(name: str, win: Any, shape: tuple[int, ...]) -> Window:
    """Return the window of inclusive bounds ``[[row, row], [col, col]]`` of an array of `shape`.

    Raises
    ------
    InvalidInputError
        If the bounds are not integers, reversed, or outside of the array; `name` is the argument's.
    """
    try:
        spans = [(index(first), index(last) + 1) for first, last in win]
    except (TypeError, ValueError):
        spans = []
    if len(spans) != 2 or not all(0 <= a < b <= n for (a, b), n in zip(spans, shape, strict=True)):
        bounds = win.tolist() if isinstance(win, np.ndarray) else win
        raise InvalidInputError(
            f"{name}={bounds} must be [[first row, last row], [first col, last col]], both included, within "
            f"{shape[0]} rows and {shape[1]} columns",
            "window",
        )
    return Window(spans[0], spans[1])


class Output:
    """The block of an output that a call computes, and what the call returns.

    Parameters
    ----------
    image : ndarray
        The source, whose bands and type the output has.
    shape : (int, int)
        Rows and columns of the block.
    nodata_out : number or None
        Written where no value can be computed; None is NaN.
    kernel : Kernel
        The interpolation.
    where : (array_out, array_out_win, array_out_mask)
        As the caller gave them.

    Attributes
    ----------
    block : ndarray
        View of the block, with the axes of the image.
    valid : ndarray of bool, or None
        View of the block's validity.
    nodata : numpy scalar
        `nodata_out` in the output's type.
    """

    def __init__(
        self,
        image: _Array,
        shape: tuple[int, int],
        nodata_out: Any,
        kernel: Kernel,
        where: tuple[_Array | None, Any, Any],
    ) -> None:
        buffer, window, mask = where
        self._given = buffer
        bands = image.shape[:-2]
        if buffer is not None:
            self._check_buffer(buffer, *bands)
        dtype = result_dtype(image.dtype, None if buffer is None else buffer.dtype, kernel)
        self.nodata = cast_fill(np.nan if nodata_out is None else nodata_out, dtype)
        size = shape if buffer is None else buffer.shape[-2:]
        self._whole = np.empty((*bands, *size), dtype) if buffer is None else buffer.reshape(*bands, *size)
        at = self._place(window if buffer is not None else None, shape, size)
        self.block = self._whole[(..., *at)]
        self._mask, self._returns_mask = self._mask_of(mask, size)
        self.valid = None if self._mask is None else self._mask[at].view(np.bool_)

    @staticmethod
    def _check_buffer(buffer: Any, bands: int = 1) -> None:
        if not isinstance(buffer, np.ndarray) or buffer.ndim not in (2, 3):
            raise InvalidInputError(
                f"array_out must be an array (rows, cols) or (bands, rows, cols), got "
                f"{getattr(buffer, 'shape', type(buffer).__name__)}",
                "array-out",
            )
        if not buffer.flags.c_contiguous or not buffer.flags.writeable:
            raise InvalidInputError("array_out must be C-contiguous and writeable", "array-out")
        if (1 if buffer.ndim == 2 else buffer.shape[0]) != bands:
            raise InvalidInputError(
                f"array_out of shape {buffer.shape} must have the {bands} bands of array_in", "array-out"
            )

    @staticmethod
    def _place(window: Any, shape: tuple[int, int], whole: tuple[int, ...]) -> tuple[slice, slice]:
        if window is None:
            if shape[0] > whole[0] or shape[1] > whole[1]:
                raise InvalidInputError(
                    f"a block of {shape} does not fit into array_out of {tuple(whole)}",
                    "array-out",
                )
            return slice(shape[0]), slice(shape[1])
        place = inclusive_window("array_out_win", window, whole)
        if place.shape != shape:
            raise InvalidInputError(
                f"array_out_win has shape {place.shape}, but the computed block has {shape}", "array-out-win"
            )
        return place.slices

    @staticmethod
    def _mask_of(mask: Any, shape: tuple[int, ...]) -> tuple[_Array | None, bool]:
        """Return the buffer for validity, and whether the call returns it."""
        if mask is None or (isinstance(mask, (bool, np.bool_)) and not mask):
            return None, False
        if isinstance(mask, (bool, np.bool_)):
            return np.zeros(shape, np.uint8), True
        if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
            raise UnsupportedDtypeError(
                f"array_out_mask must be None, True or an array of uint8, got "
                f"{getattr(mask, 'dtype', repr(mask))}",
                "array-out-mask",
            )
        if mask.shape != tuple(shape) or not mask.flags.writeable:
            raise InvalidInputError(
                f"array_out_mask must be writeable and of shape {tuple(shape)}, got {mask.shape}",
                "array-out-mask",
            )
        return mask, False

    def check_apart(self, **inputs: _Array | None) -> None:
        """Raise InvalidInputError if outputs share memory with the named inputs, or with each other."""
        if self._given is None and self._mask is None:
            return
        outputs = {"array_out": self._given, "array_out_mask": self._mask}
        for label, output in outputs.items():
            if output is None:
                continue
            for name, array in (inputs | outputs).items():
                if array is not None and name != label and _overlap(array, output):
                    raise InvalidInputError(f"{label} shares memory with {name}; write to a copy", "overlap")

    def fill(self, *, everything: bool) -> None:
        """Mark the block, or all of the output, as invalid."""
        (self._whole if everything else self.block)[...] = self.nodata
        if self._mask is not None and self.valid is not None:
            if everything:
                self._mask[...] = 0
            else:
                self.valid[...] = False

    def returned(self) -> tuple[_Array | None, _Array | None]:
        """Return what the call returns: new arrays only, the result without axes of length 1."""
        array = self._whole.squeeze() if self._given is None else None
        return array, self._mask if self._returns_mask else None


def _overlap(a: _Array, b: _Array) -> bool:
    """Return whether two arrays share a sample; yes where that is too hard to tell."""
    try:
        return np.shares_memory(a, b, 100_000)  # type: ignore[arg-type]  # any number will do
    except np.exceptions.TooHardError:
        return True
