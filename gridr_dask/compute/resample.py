"""One window of a target from the blocks and grid nodes that it needs: the only road to the kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask import _core
from gridr_dask.compute import isa
from gridr_dask.compute.blocks import Blocks, Nodes
from gridr_dask.compute.dtypes import as_planes
from gridr_dask.compute.kernels import influence
from gridr_dask.compute.validity import SampleRule, SourceMask, as_mask, bands_of, mask_of
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Boundary, Kernel, Window

__all__ = ["bands_can_differ", "resample_window"]

_Array = npt.NDArray[Any]


def resample_window(
    source: Blocks,
    nodes: Nodes,
    target: Window,
    kernel: Kernel,
    *,
    fill: npt.NDArray[Any],
    boundary: Boundary = Boundary(),
    validity: SourceMask = SourceMask(),
    with_valid: bool = False,
    threads: int = 1,
    out: tuple[_Array, npt.NDArray[np.bool_] | None] | None = None,
    empty: Callable[[tuple[int, ...], npt.DTypeLike], _Array] = np.empty,
) -> tuple[_Array, npt.NDArray[np.bool_] | None]:
    """Resample one window of the target.

    Parameters
    ----------
    source : Blocks
        At least the source samples that the window's positions need.
    nodes : Nodes
        At least the nodes around the window.
    target : Window
        Pixels of the target, in the frame of the whole grid.
    kernel : Kernel
        The interpolation.
    fill : ndarray of no axes
        Written where there is no valid sample; its type is that of the result.
    boundary : Boundary
        How the source continues past its edge.
    validity : SourceMask
        Which samples are valid.
    with_valid : bool
        Whether to return validity as well.
    threads : int
        Threads that share the work.
    out : (ndarray, ndarray of bool or None), optional
        Where to write result and validity, instead of into new arrays; they must not overlap the source.
    empty : callable
        Makes the new arrays, of a shape and a type.

    Returns
    -------
    result : ndarray
        Axes as the source's, the spatial ones of the target's size.
    valid : ndarray of bool, or None
        True where a value was computed. 2-D, but with the axes of the result when bands can differ:
        see `bands_can_differ`.

    Raises
    ------
    InvalidInputError, UnsupportedDtypeError
        If the parts do not fit together.
    CoverageError
        If a needed sample is in none of the blocks.
    """
    if not source.arrays:
        raise InvalidInputError("a source needs at least one block", "shape")
    axes, first = source.axes, source.arrays[0]
    per_band = bands_can_differ(first.dtype, fill.dtype, validity.rule)
    if with_valid and not per_band and 0 in _spatial_last(first, axes).shape[:-2]:
        # No band to resample, but one plane of validity all the same: that of any band.
        bare = [_spatial_last(block, axes).shape[-2:] for block in source.arrays]
        planes_of_0 = [np.broadcast_to(np.zeros((), first.dtype), size) for size in bare]
        plane = replace(source, arrays=planes_of_0, axes=(-2, -1))
        _, valid = resample_window(
            plane, nodes, target, kernel, fill=fill, boundary=boundary, validity=validity, with_valid=True
        )
        return np.empty(_resized(first.shape, axes, target.shape), fill.dtype), valid
    if out is None:
        shape = _resized(first.shape, axes, target.shape)
        valid = empty(shape if per_band else target.shape, np.bool_) if with_valid else None
        out = empty(shape, fill.dtype), valid
    result, valid = out
    planes = as_planes(_spatial_last(result, axes))
    valid_planes = valid
    if valid is not None and per_band:
        valid_planes = _spatial_last(valid, axes)
    # A band of several parts, such as the two of a complex number, has one validity.
    parts = planes.ndim - result.ndim
    by_part = valid_planes
    if valid_planes is not None and parts and per_band:
        by_part = np.empty((planes.shape[0], *valid_planes.shape), np.bool_)
    mask, safe = mask_of(source, validity, kernel.is_spline)
    _core.resample(
        _lattice(source),
        _mask_lattice(mask),
        _mask_lattice(bands_of(source, validity.rule), planes.shape[:-2]),
        {
            "shape": source.shape,
            "origin": source.origin,
            "boundary": boundary.mode,
            "trusted": boundary.trusted,
            "safe": None if safe is None else (*safe.rows, *safe.cols),
        },
        {
            "rows": _readable(nodes.rows),
            "cols": _readable(nodes.cols),
            "first": nodes.first,
            "resolution": nodes.resolution,
            "shift": nodes.shift,
        },
        (*target.rows, *target.cols),
        {"values": planes, "valid": by_part, "fill": _fills(fill, planes)},
        {
            "kernel": kernel.name,
            "epsilon": kernel.epsilon or 1.0,
            "influence": influence(kernel),
            "prefiltered": kernel.prefiltered,
            "threads": threads,
            "isa": isa.chosen(),
        },
    )
    if valid_planes is not None and by_part is not None and by_part is not valid_planes:
        by_part.all(axis=0, out=valid_planes)
    return result, valid


def bands_can_differ(source: np.dtype[Any], result: np.dtype[Any], rule: SampleRule = SampleRule()) -> bool:
    """Return whether validity is a matter of each band.

    It is when samples are invalid by their value, and when floats become integers, which can't hold NaN.
    """
    return rule.applies_to(source) or (source.kind == "f" and result.kind in "iub")


def _resized(shape: tuple[int, ...], axes: tuple[int, int], size: tuple[int, int]) -> tuple[int, ...]:
    """Return a shape with other numbers of rows and columns."""
    resized = list(shape)
    resized[axes[0]], resized[axes[1]] = size
    return tuple(resized)


def _spatial_last(array: _Array, axes: tuple[int, int]) -> _Array:
    """Return a view with rows and columns as the last axes."""
    # `moveaxis` takes longer than a small window.
    in_place = axes in ((-2, -1), (array.ndim - 2, array.ndim - 1))
    return array if in_place else np.moveaxis(array, axes, (-2, -1))


def _lattice(source: Blocks) -> Any:
    return {
        "blocks": [_readable(_spatial_last(block, source.axes)) for block in source.arrays],
        "rows": source.rows,
        "cols": source.cols,
    }


def _mask_lattice(mask: Blocks | None, planes: tuple[int, ...] = ()) -> Any:
    """Return a mask as the engine takes it: one plane, or one for each of `planes`."""
    if mask is None:
        return None
    # Parts of a sample, such as those of a complex number, share its validity.
    blocks = [np.broadcast_to(as_mask(block), (*planes, *block.shape[-2:])) for block in mask.arrays]
    return {"blocks": blocks, "rows": mask.rows, "cols": mask.cols}


def _fills(fill: npt.NDArray[Any], planes: _Array) -> _Array:
    """Return the fill sample for each plane: strides of 0 where they share one."""
    # A copy: what comes out of a pickle need not be aligned.
    parts = as_planes(np.array(fill, ndmin=2))
    if planes.ndim == 2:
        return parts
    spread = parts.reshape(parts.shape[:-2] + (1,) * (planes.ndim - parts.ndim) + (1, 1))
    return np.broadcast_to(spread, (*planes.shape[:-2], 1, 1))


def _readable(array: _Array) -> _Array:
    """Return planes that the engine reads as they lie; odd ones are copied, block by block."""
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    planes = as_planes(array)
    if planes.flags.aligned and gcd(*planes.strides) % planes.itemsize == 0:
        return planes
    return as_planes(array.copy())
