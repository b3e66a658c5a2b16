"""Which samples of a source are valid: a mask, a nodata value, and what is not a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.blocks import Blocks
from gridr_dask.compute.masks import decide_mask_strategy
from gridr_dask.errors import UnsupportedDtypeError
from gridr_dask.geometry import Window

__all__ = ["SampleRule", "SourceMask", "as_mask", "bands_of", "check_mask_dtype", "mask_of"]

_NO_PAD = ((0, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class SampleRule:
    """Which samples are invalid by their value.

    Attributes
    ----------
    nodata : ndarray of no axes, optional
        Samples of this value; NaN stands for NaN.
    nan : bool
        Samples that are not a number.
    infinite : bool
        Samples that are infinite: a spline's filter can't take them in.
    """

    nodata: npt.NDArray[Any] | None = None
    nan: bool = False
    infinite: bool = False

    def applies_to(self, dtype: np.dtype[Any]) -> bool:
        """Return whether any sample of a type can be invalid."""
        return self.nodata is not None or ((self.nan or self.infinite) and dtype.kind in "fc")

    def valid(self, block: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return where the samples of a block are valid."""
        valid = np.ones(block.shape, np.bool_)
        missing = self.nodata is not None and bool(self.nodata != self.nodata)
        if self.nodata is not None and not missing:
            with np.errstate(invalid="ignore"):
                np.not_equal(block, self.nodata, out=valid)
        if (self.nan or missing) and block.dtype.kind in "fcmM":
            valid &= ~(np.isnat(block) if block.dtype.kind in "mM" else np.isnan(block))
        if self.infinite and block.dtype.kind in "fc":
            valid &= ~np.isinf(block)
        return valid


@dataclass(frozen=True, slots=True)
class SourceMask:
    """Which samples of a source are valid.

    Attributes
    ----------
    mask : Blocks, optional
        2-D blocks of booleans or numbers, 0 being invalid, on a lattice of their own; for all bands.
    safe : Window, optional
        Part of the source that is taken as valid without a look at the mask.
    rule : SampleRule
        Samples that are invalid by their value, band by band.
    """

    mask: Blocks | None = None
    safe: Window | None = None
    rule: SampleRule = SampleRule()


def check_mask_dtype(mask: Any) -> None:
    """Raise UnsupportedDtypeError unless a mask, numpy or dask, holds booleans or real numbers."""
    if mask.dtype.kind not in "biuf":
        raise UnsupportedDtypeError(f"a mask must hold booleans or numbers, got {mask.dtype}", "mask-dtype")


def as_mask(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a mask as bytes: booleans and uint8 as they are, other numbers by ``!= 0``."""
    return array if array.dtype.char in "?B" else array != 0


def mask_of(source: Blocks, validity: SourceMask, spline: bool) -> tuple[Blocks | None, Window | None]:
    """Return the mask of a source and its safe window, as far as a call has to look at them.

    The engine's image is never padded: its edge is a rule of the boundary.
    """
    mask, safe = validity.mask, validity.safe
    if mask is None or all(block.all() for block in mask.arrays):
        return None, None
    region = None if safe is None else np.array([safe.rows, safe.cols]) - [0, 1]
    strategy = decide_mask_strategy(spline, _NO_PAD, source.shape, None, (True, True), region)
    return mask, None if strategy.safe_region is None else safe


def bands_of(source: Blocks, rule: SampleRule) -> Blocks | None:
    """Return which samples of a source are valid by their value, on its blocks, or None if all are."""
    if not rule.applies_to(source.arrays[0].dtype):
        return None
    blocks = [np.moveaxis(rule.valid(block), source.axes, (-2, -1)) for block in source.arrays]
    if all(block.all() for block in blocks):
        return None
    return Blocks(blocks, source.rows, source.cols, source.shape)
