"""The plan of a chunked target: for each chunk its grid nodes and the source blocks that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry import Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan.footprint import source_windows

__all__ = ["ChunkPlan", "plan_chunks", "spans_of"]


@dataclass(frozen=True)
class ChunkPlan:
    """Source blocks of every target chunk.

    Attributes
    ----------
    target_rows, target_cols : tuple of (start, stop)
        Rows and columns of the target chunks, in the frame of the whole grid.
    source_rows, source_cols : tuple of (start, stop)
        Rows and columns of the source chunks.
    windows : ndarray of int64, (chunk rows, chunk cols, 4)
        Source window of each target chunk: row start, stop, col start, stop. All 0: it sees no source.
    """

    target_rows: tuple[Span, ...]
    target_cols: tuple[Span, ...]
    source_rows: tuple[Span, ...]
    source_cols: tuple[Span, ...]
    windows: npt.NDArray[np.int64]

    @cached_property
    def blocks(self) -> npt.NDArray[np.int32]:
        """Source block range of each target chunk: row start, stop, col start, stop; (..., 4)."""
        ranges = np.zeros(self.windows.shape, np.int32)
        for axis, spans in enumerate((self.source_rows, self.source_cols)):
            starts, stops = np.array(spans, np.int64).reshape(-1, 2).T
            first, last = self.windows[..., 2 * axis], self.windows[..., 2 * axis + 1]
            ranges[..., 2 * axis] = np.searchsorted(stops, first, side="right")
            ranges[..., 2 * axis + 1] = np.searchsorted(starts, last, side="left")
        ranges[self.windows[..., 1] == 0] = 0
        return ranges

    def target(self, i: int, j: int) -> Window:
        """Return the pixels of target chunk (i, j)."""
        return Window(self.target_rows[i], self.target_cols[j])

    def summary(self) -> str:
        """Return in one line what the plan reads: the first thing to look at when a run is slow."""
        counts = self.blocks[..., 1::2] - self.blocks[..., ::2]
        read = counts.prod(axis=-1)
        chunks = read.size
        return (
            f"{chunks} target chunks, {int((read == 0).sum())} of them without source, read "
            f"{int(read.sum())} source blocks ({len(self.source_rows) * len(self.source_cols)} "
            f"exist), at most {int(read.max(initial=0))} for one chunk"
        )


def plan_chunks(
    bounds: npt.NDArray[np.float64],
    target_rows: Sequence[Span],
    target_cols: Sequence[Span],
    kernel: Kernel,
    source_chunks: tuple[Sequence[int], Sequence[int]],
    source_origin: tuple[int, int] = (0, 0),
) -> ChunkPlan:
    """Plan a chunked target from the node extents of its chunks.

    Parameters
    ----------
    bounds : ndarray, (chunk rows, chunk cols, 4)
        Node extent of each target chunk, as `node_bounds` gives it.
    target_rows, target_cols : sequence of (start, stop)
        Rows and columns of the target chunks.
    kernel : Kernel
        The interpolation.
    source_chunks : (sequence of int, sequence of int)
        Sizes of the source's chunks along rows and columns.
    source_origin : (int, int)
        Position of source pixel (0, 0) in the frame of the grid.
    """
    shape = sum(source_chunks[0]), sum(source_chunks[1])
    return ChunkPlan(
        tuple(target_rows),
        tuple(target_cols),
        spans_of(source_chunks[0]),
        spans_of(source_chunks[1]),
        source_windows(bounds, kernel, shape, source_origin),
    )


def spans_of(sizes: Sequence[int], start: int = 0) -> tuple[Span, ...]:
    """Return the spans of chunks of `sizes`, side by side from `start`.

    >>> spans_of((3, 2), start=10)
    ((10, 13), (13, 15))
    """
    edges = np.cumsum([start, *sizes]).tolist()
    return tuple(pairwise(edges))
