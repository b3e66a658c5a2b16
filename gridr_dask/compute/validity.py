"""Which samples of a source are valid: a mask, a nodata value, and what is not a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute.blocks import Blocks
from gridr_dask.compute.masks import decide_mask_strategy
from gridr_dask.errors import UnsupportedDtypeError
from gridr_dask.geometry import Window

__all__ = ["SampleRule", "SourceMask", "as_mask", "mask_of"]

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
    rule: SampleRule = field(default_factory=SampleRule)


def as_mask(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a mask as bytes: booleans and uint8 as they are, other numbers by ``!= 0``.

    Raises
    ------
    UnsupportedDtypeError
        If the mask does not hold numbers.
    """
    if array.dtype.kind not in "biuf":
        raise UnsupportedDtypeError(f"a mask must hold booleans or numbers, got {array.dtype}", "mask-dtype")
    return array if array.dtype.char in "?B" else array != 0


def mask_of(source: Blocks, validity: SourceMask, spline: bool) -> tuple[Blocks | None, Window | None]:
    """Return the mask of a source's samples and its safe window, as far as a call has to look at them.

    The mask as it is where samples are not judged by their value; else a mask for each band, on the
    blocks of the source. The engine's image is never padded: its edge is a rule of the boundary.
    """
    mask = validity.mask
    if validity.rule.applies_to(source.arrays[0].dtype):
        mask = _judged(source, mask, validity.rule)
    real = mask is not None and not all(block.all() for block in mask.arrays)
    safe = validity.safe
    region = None if safe is None else np.array([safe.rows, safe.cols]) - [0, 1]
    strategy = decide_mask_strategy(spline, _NO_PAD, source.shape, None, (mask is not None, real), region)
    if not real:
        return None, None
    return mask, None if strategy.safe_region is None else safe


def _judged(source: Blocks, mask: Blocks | None, rule: SampleRule) -> Blocks:
    """Return a mask for each band, on the blocks of the source: a given one, and the samples' values."""
    blocks = []
    spans = [(rows, cols) for rows in source.rows for cols in source.cols]
    for block, (rows, cols) in zip(source.arrays, spans, strict=True):
        valid = np.moveaxis(rule.valid(block), source.axes, (-2, -1))
        if mask is not None:
            valid &= _cut(mask, Window(rows, cols))
        blocks.append(valid)
    return Blocks(blocks, source.rows, source.cols, source.shape)


def _cut(mask: Blocks, window: Window) -> npt.NDArray[np.bool_]:
    """Return the part of a mask in a window; where no block was given, nothing will be read: valid."""
    result = np.ones(window.shape, np.bool_)
    spans = [(rows, cols) for rows in mask.rows for cols in mask.cols]
    for block, (rows, cols) in zip(mask.arrays, spans, strict=True):
        r0, r1 = max(rows[0], window.rows[0]), min(rows[1], window.rows[1])
        c0, c1 = max(cols[0], window.cols[0]), min(cols[1], window.cols[1])
        if r0 < r1 and c0 < c1:
            part = block[r0 - rows[0] : r1 - rows[0], c0 - cols[0] : c1 - cols[0]]
            result[r0 - window.rows[0] : r1 - window.rows[0], c0 - window.cols[0] : c1 - window.cols[0]] = (
                part != 0
            )
    return result
