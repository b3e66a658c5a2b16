"""One window of a target from the source blocks and grid nodes that it needs: the only road to the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask import _core
from gridr_dask.compute import isa
from gridr_dask.compute.dtypes import as_planes
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Kernel, Window
from gridr_dask.geometry.window import Span

__all__ = ["Blocks", "Nodes", "resample_window"]

_Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Part of a source: arrays on a lattice of row spans and column spans, not concatenated.

    Attributes
    ----------
    arrays : sequence of ndarray
        The blocks, row by row; all of one type, with the same leading axes.
    rows, cols : sequence of (start, stop)
        Where the rows and columns of the lattice stand in the source.
    shape : (int, int)
        Rows and columns of the whole source: its edge decides what is valid.
    origin : (int, int)
        Position of source pixel (0, 0) in the frame that the grid refers to.
    axes : (int, int)
        Row axis and column axis of the arrays.
    """

    arrays: Sequence[_Array]
    rows: Sequence[Span]
    cols: Sequence[Span]
    shape: tuple[int, int]
    origin: tuple[int, int] = (0, 0)
    axes: tuple[int, int] = (-2, -1)

    @classmethod
    def whole(
        cls, array: _Array, origin: tuple[int, int] = (0, 0), axes: tuple[int, int] = (-2, -1)
    ) -> Blocks:
        """Return a source that is one array."""
        shape = array.shape[axes[0]], array.shape[axes[1]]
        return cls([array], [(0, shape[0])], [(0, shape[1])], shape, origin, axes)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Part of a grid: source positions at its nodes, in pixels.

    Attributes
    ----------
    rows, cols : ndarray of float32 or float64, 2-D
        Row and column coordinate of the nodes.
    first : (int, int)
        Index of the first given node in the whole grid.
    resolution : (int, int)
        Target pixels from a node to the next.
    """

    rows: _Array
    cols: _Array
    first: tuple[int, int] = (0, 0)
    resolution: tuple[int, int] = (1, 1)


def resample_window(
    source: Blocks,
    nodes: Nodes,
    target: Window,
    kernel: Kernel,
    *,
    fill: np.generic,
    with_valid: bool = False,
    threads: int = 1,
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
    fill : numpy scalar
        Written where there is no valid sample; its type is that of the result.
    with_valid : bool
        Whether to return validity as well.
    threads : int
        Threads that share the work.

    Returns
    -------
    result : ndarray
        Axes as the source's, the spatial ones of the target's size.
    valid : ndarray of bool, or None
        True where a value was computed. 2-D, but with the axes of the result when bands can differ:
        when float samples are resampled to integers, which can't hold NaN.

    Raises
    ------
    InvalidInputError, UnsupportedDtypeError
        If the parts do not fit together.
    CoverageError
        If a needed sample is in none of the blocks.
    """
    if not source.arrays:
        raise InvalidInputError("a source needs at least one block", "shape")
    axes = source.axes
    first = source.arrays[0]
    shape = list(first.shape)
    shape[axes[0]], shape[axes[1]] = target.shape
    result = np.empty(shape, fill.dtype)
    out = as_planes(np.moveaxis(result, axes, (-2, -1)))
    # One sample for each plane, shared by the planes of a kind: strides of 0.
    parts = as_planes(np.asarray(fill)[np.newaxis, np.newaxis])
    fills = np.broadcast_to(
        parts.reshape(parts.shape[:-2] + (1,) * (out.ndim - parts.ndim) + (1, 1)),
        (*out.shape[:-2], 1, 1),
    )
    valid = None
    valid_planes: npt.NDArray[np.bool_] | None = None
    if with_valid:
        per_band = bands_can_differ(first.dtype, fill.dtype)
        valid = np.empty(shape if per_band else target.shape, np.bool_)
        valid_planes = np.moveaxis(valid, axes, (-2, -1)) if per_band else valid
    _core.resample(
        (
            [_readable(np.moveaxis(block, axes, (-2, -1))) for block in source.arrays],
            list(source.rows),
            list(source.cols),
            source.shape,
            source.origin,
        ),
        (_readable(nodes.rows), _readable(nodes.cols), nodes.first, nodes.resolution),
        (*target.rows, *target.cols),
        (out, valid_planes, fills),
        (kernel.name, threads, isa.chosen()),
    )
    return result, valid


def bands_can_differ(source: np.dtype[Any], result: np.dtype[Any]) -> bool:
    """Return whether validity is a matter of each band: NaN has no place in an integer."""
    return source.kind == "f" and result.kind in "iub"


def _readable(array: _Array) -> _Array:
    """Return planes that the engine reads as they lie; odd ones are copied, block by block."""
    native = array.dtype.newbyteorder("=")
    if array.dtype != native or not array.flags.aligned:
        array = array.astype(native)
    if any(stride % array.itemsize for stride in array.strides):
        array = array.copy()
    return as_planes(array)
