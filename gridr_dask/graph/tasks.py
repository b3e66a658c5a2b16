"""What a worker runs: top-level functions on blocks, with small frozen arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute import Blocks, Nodes, SampleRule, SourceMask, resample_window
from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.geometry import Boundary, Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan.footprint import Spans, position_hulls
from gridr_dask.positions import Rule
from gridr_dask.scaling import results

__all__ = [
    "AtNodes",
    "ChunkTask",
    "Resampling",
    "fill_chunk",
    "gather_nodes",
    "hulls_of_block",
    "nodes_by_rule",
    "resample_chunk",
]

_Array = npt.NDArray[Any]

AtNodes = Callable[[Nodes], Nodes]
"""Returns nodes that hold positions, whatever the given ones hold."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """What all chunks of one call have in common."""

    kernel: Kernel
    boundary: Boundary
    source_shape: tuple[int, int]
    source_origin: tuple[int, int]
    axes: tuple[int, int]
    fill: npt.NDArray[Any]
    rule: SampleRule
    safe: Window | None
    with_valid: bool


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """One target chunk: its window, and where the blocks that it is given stand in the source."""

    resampling: Resampling
    target: Window
    rows: tuple[Span, ...] = ()
    cols: tuple[Span, ...] = ()
    mask_rows: tuple[Span, ...] = ()
    mask_cols: tuple[Span, ...] = ()


def resample_chunk(task: ChunkTask, nodes: Nodes, *blocks: _Array) -> Any:
    """Resample one target chunk on one thread: dask owns the cores.

    `blocks` are those of the source, row by row, then those of the mask. Returns the chunk, or the pair
    (chunk, valid) if the task asks for validity.
    """
    common = task.resampling
    count, shape = len(task.rows) * len(task.cols), common.source_shape
    source = Blocks(blocks[:count], task.rows, task.cols, shape, common.source_origin, common.axes)
    masks = blocks[count:]
    mask = Blocks(masks, task.mask_rows, task.mask_cols, shape) if masks else None
    result, valid = resample_window(
        source,
        nodes,
        task.target,
        common.kernel,
        fill=common.fill,
        boundary=common.boundary,
        validity=SourceMask(mask, common.safe, common.rule),
        with_valid=common.with_valid,
        empty=results.empty,
    )
    result = results.finish(result)
    return result if valid is None else (result, results.finish(valid))


def fill_chunk(task: ChunkTask, shape: tuple[int, ...], source_dtype: np.dtype[Any]) -> Any:
    """Return a target chunk that sees no source, in the form of `resample_chunk`."""
    fill = task.resampling.fill
    result = np.full(shape, fill, fill.dtype)
    if not task.resampling.with_valid:
        return result
    per_band = bands_can_differ(source_dtype, fill.dtype, task.resampling.rule)
    return result, np.zeros(shape if per_band else task.target.shape, np.bool_)


def gather_nodes(
    window: Window,
    first: tuple[int, int],
    resolution: tuple[int, int],
    layout: tuple[int, int],
    *blocks: _Array,
) -> Nodes:
    """Return the nodes of a window out of grid blocks.

    Parameters
    ----------
    window : Window
        The nodes, in the frame of the whole grid.
    first : (int, int)
        Index of the first node of the first block.
    resolution : (int, int)
        Target pixels from a node to the next.
    layout : (int, int)
        Rows and columns of blocks.
    *blocks : ndarray
        Row coordinates of all blocks, row by row, then the column coordinates.
    """
    count = layout[0] * layout[1]
    part = Window(
        (window.rows[0] - first[0], window.rows[1] - first[0]),
        (window.cols[0] - first[1], window.cols[1] - first[1]),
    ).slices
    rows, cols = (
        (given[0] if count == 1 else np.block(_nested(given, layout[1])))[part]
        for given in (blocks[:count], blocks[count:])
    )
    return Nodes(rows, cols, (window.rows[0], window.cols[0]), resolution)


def hulls_of_block(
    rows: _Array,
    cols: _Array,
    first: tuple[int, int],
    resolution: tuple[int, int],
    row_spans: Spans,
    col_spans: Spans,
    at_nodes: AtNodes,
) -> npt.NDArray[np.float64]:
    """Return what the nodes of a grid block add to the `position_hulls` of target windows."""
    nodes = at_nodes(Nodes(rows, cols, first, resolution))
    return position_hulls(nodes.rows, nodes.cols, row_spans, col_spans, first, resolution)


def nodes_by_rule(rule: Rule, target: Window) -> Nodes:
    """Return the nodes of a target window by the rule of a grid."""
    return rule.nodes(target)


def _nested(blocks: tuple[_Array, ...], width: int) -> list[list[_Array]]:
    return [list(blocks[i : i + width]) for i in range(0, len(blocks), width)]
