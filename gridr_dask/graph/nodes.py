"""The grid side of a graph: node extents before it is built, and a key with the nodes of each chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask._task_spec import DataNode, Task, TaskRef
from dask.base import compute
from dask.delayed import delayed

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Grid, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph.tasks import gather_displaced, gather_nodes, nodes_by_rule
from gridr_dask.plan import node_bounds
from gridr_dask.plan.chunks import spans_of
from gridr_dask.positions import Rule, displaced, displaced_bounds

__all__ = ["bounds_of_chunks", "node_layer", "rule_layer"]


def bounds_of_chunks(
    rows: Any,
    cols: Any,
    row_spans: Sequence[Span],
    col_spans: Sequence[Span],
    displacement: tuple[int, int] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the node extent of each window ``row_spans[i] x col_spans[j]`` of a grid.

    A dask grid is computed once, block by block: each block is reduced where it lies and only the
    extents come back. Shape and values as `node_bounds`. Nodes are displacements if their resolution is
    given as `displacement`.
    """
    if not isinstance(rows, da.Array):
        return _bounds(rows, cols, row_spans, col_spans, (0, 0), displacement)
    bounds = np.tile([np.inf, -np.inf, np.inf, -np.inf], (len(row_spans), len(col_spans), 1))
    blocks, places = [], []
    row_blocks, col_blocks = rows.to_delayed(), cols.to_delayed()
    for i, row_block in enumerate(spans_of(rows.chunks[0])):
        in_rows, rows_here = _clip(row_spans, row_block)
        for j, col_block in enumerate(spans_of(rows.chunks[1])):
            in_cols, cols_here = _clip(col_spans, col_block)
            if in_rows and in_cols:
                reduce, first = delayed(_bounds, pure=True), (row_block[0], col_block[0])
                pair = row_blocks[i, j], col_blocks[i, j]
                blocks.append(reduce(*pair, rows_here, cols_here, first, displacement))
                places.append(np.ix_(in_rows, in_cols))
    for place, part in zip(places, compute(*blocks), strict=True):
        known = bounds[place]
        bounds[place] = np.where([True, False, True, False], np.minimum(known, part), np.maximum(known, part))
    return bounds


def _bounds(
    rows: Any,
    cols: Any,
    row_spans: Sequence[Span],
    col_spans: Sequence[Span],
    first: tuple[int, int],
    displacement: tuple[int, int] | None,
) -> npt.NDArray[np.float64]:
    if displacement is None:
        return node_bounds(rows, cols, row_spans, col_spans)
    return displaced_bounds(rows, cols, row_spans, col_spans, first, displacement)


def _clip(spans: Sequence[Span], block: Span) -> tuple[list[int], list[Span]]:
    """Return which spans meet a block, and their part in it, counted from its start."""
    indices, parts = [], []
    for i, (start, stop) in enumerate(spans):
        start, stop = max(start, block[0]), min(stop, block[1])
        if start < stop:
            indices.append(i)
            parts.append((start - block[0], stop - block[0]))
    return indices, parts


def rule_layer(name: str, positions: Rule, targets: Mapping[tuple[int, int], Window]) -> dict[Any, Any]:
    """Return tasks ``(name, i, j)`` that make the `Nodes` of each target window."""
    return {
        (name, i, j): Task((name, i, j), nodes_by_rule, positions, target)
        for (i, j), target in targets.items()
    }


def node_layer(
    name: str,
    rows: Any,
    cols: Any,
    grid: Grid,
    windows: Mapping[tuple[int, int], Window],
    displaced_targets: Mapping[tuple[int, int], Window] | None = None,
) -> dict[Any, Any]:
    """Return graph keys ``(name, i, j)`` that hold the `Nodes` of each window.

    A numpy grid is cut into the pieces that the chunks need, so that each task is sent its own nodes
    only. A dask grid stays where it is: the pieces are cut out of its blocks by tasks. If the nodes are
    displacements, their target windows are given as well.
    """
    layer: dict[Any, Any] = {}
    lazy = isinstance(rows, da.Array)
    if lazy:
        row_blocks, col_blocks = spans_of(rows.chunks[0]), spans_of(rows.chunks[1])
    for (i, j), window in windows.items():
        key = (name, i, j)
        if not lazy:
            part = window.slices
            first = window.rows[0], window.cols[0]
            nodes = Nodes(rows[part], cols[part], first, grid.resolution)
            if displaced_targets is None:
                layer[key] = DataNode(key, nodes)
            else:
                layer[key] = Task(key, displaced, nodes, displaced_targets[i, j])
            continue
        touched_rows, _ = _clip(row_blocks, window.rows)
        touched_cols, _ = _clip(col_blocks, window.cols)
        first = row_blocks[touched_rows[0]][0], col_blocks[touched_cols[0]][0]
        refs = [
            TaskRef((coordinate.name, r, c))
            for coordinate in (rows, cols)
            for r in touched_rows
            for c in touched_cols
        ]
        layout = len(touched_rows), len(touched_cols)
        parts = window, first, grid.resolution, layout, *refs
        if displaced_targets is None:
            layer[key] = Task(key, gather_nodes, *parts)
        else:
            layer[key] = Task(key, gather_displaced, displaced_targets[i, j], *parts)
    return layer
