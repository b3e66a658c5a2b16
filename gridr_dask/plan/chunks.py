"""Which taps each target chunk needs, and the source blocks they lie in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry import Boundary, Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan.footprint import tap_windows

__all__ = ["ChunkPlan", "Chunking", "plan_chunks", "spans_of"]


_Edges = tuple[Sequence[int], Sequence[int]]
"""Starts and stops of chunks along an axis."""

_MIRRORS = ("reflect", "symmetric", "wrap")
"""Boundaries that put other samples past the edge than the one at it."""


@dataclass(frozen=True)
class Chunking:
    """Row spans and column spans of the chunks of an image."""

    rows: tuple[Span, ...]
    cols: tuple[Span, ...]

    @classmethod
    def from_sizes(cls, rows: Sequence[int], cols: Sequence[int]) -> Chunking:
        """Return the chunking of given chunk sizes."""
        return cls(spans_of(rows), spans_of(cols))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of chunk rows and chunk columns."""
        return len(self.rows), len(self.cols)

    @cached_property
    def edges(self) -> tuple[_Edges, _Edges]:
        """Starts and stops of the row spans, and those of the column spans."""
        rows, cols = ([list(ends) for ends in zip(*spans, strict=True)] for spans in (self.rows, self.cols))
        return (rows[0], rows[1]), (cols[0], cols[1])

    def window(self, i: int, j: int) -> Window:
        """Return the pixels of chunk (i, j)."""
        return Window(self.rows[i], self.cols[j])

    @property
    def whole(self) -> Window:
        """The pixels of all chunks."""
        return Window((self.rows[0][0], self.rows[-1][1]), (self.cols[0][0], self.cols[-1][1]))

    def meeting(self, window: Window) -> tuple[list[int], list[int]]:
        """Return the chunk rows and chunk columns that a window meets, which lies in the image."""
        rows, cols = (
            list(range(bisect_right(stops, start), bisect_left(starts, stop)))
            for (starts, stops), (start, stop) in zip(self.edges, (window.rows, window.cols), strict=True)
        )
        return rows, cols

    @property
    def sizes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Number of rows, and of columns, of the chunks."""
        rows, cols = (np.subtract(stops, starts) for starts, stops in self.edges)
        return rows, cols


@dataclass(frozen=True)
class ChunkPlan:
    """Taps and source blocks of every target chunk.

    Attributes
    ----------
    target : Chunking
        The target chunks, in the frame of the whole grid.
    kernel, boundary
        The interpolation, and how the source continues past its edge.
    source_shape : (int, int)
        Rows and columns of the source.
    windows : ndarray of int32 or int64, (chunk rows, chunk cols, 4)
        Taps of each target chunk: row start, stop, col start, stop. All 0: it sees no source.
    """

    target: Chunking
    kernel: Kernel
    boundary: Boundary
    source_shape: tuple[int, int]
    windows: npt.NDArray[Any]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Which target chunks see the source."""
        seen: npt.NDArray[np.bool_] = self.windows[..., 0] < self.windows[..., 1]
        return seen

    def window(self, i: int, j: int) -> Window:
        """Return the pixels of target chunk (i, j)."""
        return self.target.window(i, j)

    def sees_source(self, i: int, j: int) -> bool:
        """Return whether any pixel of target chunk (i, j) can be valid."""
        return bool(self.windows[i, j, 0] < self.windows[i, j, 1])

    def source_blocks(self, i: int, j: int, chunks: Chunking) -> tuple[list[int], list[int]]:
        """Return the block rows and block columns of the source that target chunk (i, j) reads."""
        return self._blocks(i, j, chunks, self.kernel.reads)

    def mask_blocks(self, i: int, j: int, chunks: Chunking) -> tuple[list[int], list[int]]:
        """Return the block rows and block columns of a mask that target chunk (i, j) reads."""
        return self._blocks(i, j, chunks, self._grown)

    def source_spans(self, i: int, j: int) -> tuple[list[Span], list[Span]]:
        """Return the rows and the columns of the source that target chunk (i, j) reads.

        Several spans of them where what stands past an edge comes from elsewhere.
        """
        return self._spans(i, j, self.kernel.reads)

    def mask_spans(self, i: int, j: int) -> tuple[list[Span], list[Span]]:
        """Return the rows and the columns of a mask that target chunk (i, j) reads."""
        return self._spans(i, j, self._grown)

    def _grown(self, taps: Span, axis: int, size: int) -> Span:
        return taps[0] - self._mask_reach, taps[1] + self._mask_reach

    @property
    def _mask_reach(self) -> int:
        # An invalid sample has influence on the coefficients around it.
        return int(self.kernel.influence) if self.kernel.is_spline else 0

    def _blocks(
        self, i: int, j: int, chunks: Chunking, reads: Callable[[Span, int, int], Span]
    ) -> tuple[list[int], list[int]]:
        r0, r1, c0, c1 = self.windows[i, j].tolist()
        (height, width), (rows, cols) = self.source_shape, chunks.edges
        return (
            _touched(rows, reads((r0, r1), 0, height), height, self.boundary),
            _touched(cols, reads((c0, c1), 1, width), width, self.boundary),
        )

    def _spans(
        self, i: int, j: int, reads: Callable[[Span, int, int], Span]
    ) -> tuple[list[Span], list[Span]]:
        r0, r1, c0, c1 = self.windows[i, j].tolist()
        height, width = self.source_shape
        return (
            _runs(reads((r0, r1), 0, height), height, self.boundary),
            _runs(reads((c0, c1), 1, width), width, self.boundary),
        )

    def touched(self, chunks: Chunking) -> npt.NDArray[np.bool_]:
        """Return which blocks of the source any target chunk reads."""
        windows, corners, past = self.windows[self.seen], [], np.zeros(int(self.seen.sum()), np.bool_)
        for axis, size in enumerate(self.source_shape if len(windows) else ()):
            ends = self.kernel.reads_each(windows[:, 2 * axis], windows[:, 2 * axis + 1], axis, size)
            corners.append(_ranges(chunks.edges[axis], *ends, size))
            if self.boundary.mode in _MIRRORS:
                past |= (ends[0] < 0) | (ends[1] > size)
        # Each rectangle of blocks begins and ends in a table of differences, whose sums then cover it.
        counts = np.zeros((chunks.shape[0] + 1, chunks.shape[1] + 1), np.int64)
        if corners:
            (top, bottom), (left, right) = ((first[~past], last[~past] + 1) for first, last in corners)
            for rows, cols, sign in (
                (top, left, 1),
                (bottom, left, -1),
                (top, right, -1),
                (bottom, right, 1),
            ):
                np.add.at(counts, (rows, cols), sign)
        touched: npt.NDArray[np.bool_] = counts.cumsum(0).cumsum(1)[:-1, :-1] > 0
        for i, j in np.argwhere(self.seen)[past].tolist():
            touched[np.ix_(*self.source_blocks(i, j, chunks))] = True
        return touched

    def handed(self, chunks: Chunking) -> tuple[int, int]:
        """Return how many pixels target chunks are handed in blocks, and how many these blocks have."""
        rows, cols = self.extents(chunks)
        areas = np.multiply.outer(*chunks.sizes)
        return int((rows * cols).sum()), int((areas * self.touched(chunks)).sum())

    def held(self, chunks: Chunking) -> int:
        """Return how many pixels the blocks have that a whole row of target chunks reads, at most.

        So many are in memory at once where target chunks are made row by row.
        """
        seen, limits = self.seen[..., None], np.iinfo(self.windows.dtype)
        starts = self.windows[..., ::2].min(1, initial=limits.max, where=seen)
        stops = self.windows[..., 1::2].max(1, initial=limits.min, where=seen)
        # Row start, row stop, column start, column stop, of the rows that see the source.
        windows = np.stack([starts, stops], axis=-1).reshape(-1, 1, 4)[self.seen.any(1)]
        rows, cols = replace(self, windows=windows).extents(chunks)
        return int((rows * cols).max(initial=0))

    def extents(self, chunks: Chunking | None, *, of_mask: bool = False) -> tuple[npt.NDArray[np.int64], ...]:
        """Return how many rows and how many columns the blocks have that each target chunk reads.

        Those of the source, or of a mask; 0 for chunks that see no source. None instead of blocks: how many
        it reads if it is given no others.
        """
        seen, found = self.seen, []
        for axis, size in enumerate(self.source_shape):
            starts, stops = self.windows[..., 2 * axis][seen], self.windows[..., 2 * axis + 1][seen]
            if of_mask:
                starts, stops = starts - self._mask_reach, stops + self._mask_reach
            else:
                starts, stops = self.kernel.reads_each(starts, stops, axis, size)
            extent = np.zeros(seen.shape, np.int64)
            edges = (range(size), range(1, size + 1)) if chunks is None else chunks.edges[axis]
            extent[seen] = _extents(edges, starts, stops, size, self.boundary)
            found.append(extent)
        return tuple(found)


def _touched(edges: _Edges, samples: Span, size: int, boundary: Boundary) -> list[int]:
    """Return the chunks that hold a span of samples, as the boundary continues them."""
    (starts, stops), (start, stop) = edges, samples
    if start < 0 or stop > size:
        indices = _indices(samples, size, boundary)
        return np.unique(np.searchsorted(stops, indices, side="right")).tolist()  # type: ignore[no-any-return]
    return list(range(bisect_right(stops, start), bisect_left(starts, stop)))


def _runs(samples: Span, size: int, boundary: Boundary) -> list[Span]:
    """Return the samples of an axis that a span is made of, as the boundary continues them: its runs."""
    if samples[0] >= 0 and samples[1] <= size:
        return [samples]
    indices = _indices(samples, size, boundary)
    ends = np.flatnonzero(np.diff(indices) > 1)
    starts, stops = indices[[0, *(ends + 1)]], indices[[*ends, -1]] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _indices(samples: Span, size: int, boundary: Boundary) -> npt.NDArray[np.int64]:
    """Return the samples that a span past an edge is made of."""
    indices = boundary.sources(*samples, size)
    # Zeros only; one sample all the same, which says how many bands there are.
    return indices if indices.size else np.clip([samples[0]], 0, size - 1)


def _ranges(
    edges: _Edges, starts: npt.NDArray[Any], stops: npt.NDArray[Any], size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first and the last chunk that hold each span of samples, clipped to the image."""
    chunk_starts, chunk_stops = map(np.asarray, edges)
    first = np.searchsorted(chunk_stops, np.clip(starts, 0, size - 1), side="right")
    return first, np.searchsorted(chunk_starts, np.clip(stops, 1, size), side="left") - 1


def _extents(
    edges: _Edges,
    starts: npt.NDArray[Any],
    stops: npt.NDArray[Any],
    size: int,
    boundary: Boundary,
) -> npt.NDArray[np.int64]:
    """Return the length of the chunks that hold each span of samples: the sum over `_touched`."""
    chunk_starts, chunk_stops = map(np.asarray, edges)
    first, last = _ranges(edges, starts, stops, size)
    lengths: npt.NDArray[np.int64] = chunk_stops[last] - chunk_starts[first]
    if boundary.mode in _MIRRORS:
        # Past the edge stand samples from elsewhere. These spans are few, and many of them alike.
        past = (starts < 0) | (stops > size)
        spans, which = np.unique(np.stack([starts[past], stops[past]], 1), axis=0, return_inverse=True)
        sums = [
            sum(edges[1][k] - edges[0][k] for k in _touched(edges, (start, stop), size, boundary))
            for start, stop in spans.tolist()
        ]
        lengths[past] = np.array(sums, np.int64)[which.ravel()]
    return lengths


def plan_chunks(
    bounds: npt.NDArray[np.float64],
    target: Chunking,
    kernel: Kernel,
    boundary: Boundary,
    source_shape: tuple[int, int],
    source_origin: tuple[int, int] = (0, 0),
) -> ChunkPlan:
    """Plan a chunked target from the extents of its chunks' positions.

    Parameters
    ----------
    bounds : ndarray, (chunk rows, chunk cols, 4)
        Extent of the positions of each target chunk, as `position_bounds` gives it.
    target : Chunking
        The target chunks.
    kernel : Kernel
        The interpolation.
    boundary : Boundary
        How the source continues past its edge.
    source_shape : (int, int)
        Rows and columns of the source.
    source_origin : (int, int)
        Position of source pixel (0, 0) in the frame of the grid.
    """
    windows = tap_windows(bounds, kernel, boundary, source_shape, source_origin)
    return ChunkPlan(target, kernel, boundary, source_shape, windows)


def spans_of(sizes: Sequence[int], start: int = 0) -> tuple[Span, ...]:
    """Return the spans of chunks of `sizes`, side by side from `start`.

    >>> spans_of((3, 2), start=10)
    ((10, 13), (13, 15))
    """
    edges = np.cumsum([start, *sizes]).tolist()
    return tuple(pairwise(edges))
