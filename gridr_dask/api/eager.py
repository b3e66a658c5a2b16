"""Resampling of arrays in memory, now, by the function that tasks run too."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np

from gridr_dask.api.request import Request
from gridr_dask.compute import Blocks, SourceMask, resample_window
from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.compute.threads import default_threads
from gridr_dask.geometry import Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph import DEFAULT_CHUNK, Resampling

__all__ = ["resample_now"]


def resample_now(
    blocks: Blocks, mask: Blocks | None, request: Request, common: Resampling
) -> tuple[Any, Any]:
    """Return the resampled target, and its validity if it is asked for; with all cores."""
    options: dict[str, Any] = {
        "fill": common.fill,
        "boundary": common.boundary,
        "validity": SourceMask(mask, common.safe, common.rule),
        "with_valid": common.with_valid,
        "threads": default_threads(),
    }
    if request.positions.made_on_demand:
        return _by_windows(blocks, request, common, options)
    nodes = request.positions.nodes(request.target)
    return resample_window(blocks, nodes, request.target, common.kernel, **options)


def _by_windows(
    blocks: Blocks, request: Request, common: Resampling, options: dict[str, Any]
) -> tuple[Any, Any]:
    """Resample window by window, so that the positions of one of them exist at a time."""
    axes, shape = blocks.axes, list(blocks.arrays[0].shape)
    target = request.target
    shape[axes[0]], shape[axes[1]] = target.shape
    result, valid = np.empty(shape, options["fill"].dtype), None
    if options["with_valid"]:
        per_band = bands_can_differ(blocks.arrays[0].dtype, result.dtype, options["validity"].rule)
        valid = np.empty(shape if per_band else target.shape, np.bool_)
    for rows, cols in product(*(_pieces(span) for span in (target.rows, target.cols))):
        window = Window(rows, cols)
        place = [slice(None)] * len(shape)
        place[axes[0]] = slice(rows[0] - target.rows[0], rows[1] - target.rows[0])
        place[axes[1]] = slice(cols[0] - target.cols[0], cols[1] - target.cols[0])
        at = tuple(place)
        valid_at = at if valid is None or valid.ndim == len(shape) else (at[axes[0]], at[axes[1]])
        part, part_valid = resample_window(
            blocks, request.positions.nodes(window), window, common.kernel, **options
        )
        result[at] = part
        if valid is not None:
            valid[valid_at] = part_valid
    return result, valid


def _pieces(span: Span) -> list[Span]:
    """Return the parts of a span between multiples of the default chunk."""
    edges = [span[0], *range((span[0] // DEFAULT_CHUNK + 1) * DEFAULT_CHUNK, span[1], DEFAULT_CHUNK), span[1]]
    return list(pairwise(edges))
