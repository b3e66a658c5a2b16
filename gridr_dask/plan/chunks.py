"""The plan of a chunked target: for each chunk the taps that it needs and the source blocks they lie in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry import Boundary, Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan.footprint import tap_windows

__all__ = ["ChunkPlan", "Chunking", "plan_chunks", "spans_of"]


@dataclass(frozen=True)
class Chunking:
    """Row spans and column spans of the chunks of an image."""

    rows: tuple[Span, ...]
    cols: tuple[Span, ...]

    @classmethod
    def from_sizes(cls, rows: Sequence[int], cols: Sequence[int]) -> Chunking:
        """Return the chunking of given chunk sizes."""
        return cls(spans_of(rows), spans_of(cols))


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
    windows : ndarray of int64, (chunk rows, chunk cols, 4)
        Taps of each target chunk: row start, stop, col start, stop. All 0: it sees no source.
    """

    target: Chunking
    kernel: Kernel
    boundary: Boundary
    source_shape: tuple[int, int]
    windows: npt.NDArray[np.int64]

    def window(self, i: int, j: int) -> Window:
        """Return the pixels of target chunk (i, j)."""
        return Window(self.target.rows[i], self.target.cols[j])

    def sees_source(self, i: int, j: int) -> bool:
        """Return whether any pixel of target chunk (i, j) can be valid."""
        return bool(self.windows[i, j, 0] < self.windows[i, j, 1])

    def source_blocks(self, i: int, j: int, chunks: Chunking) -> tuple[list[int], list[int]]:
        """Return the block rows and block columns of the source that target chunk (i, j) reads."""
        return self._blocks(i, j, chunks, self.kernel.reads)

    def mask_blocks(self, i: int, j: int, chunks: Chunking) -> tuple[list[int], list[int]]:
        """Return the block rows and block columns of a mask that target chunk (i, j) reads."""
        # An invalid sample has influence on the coefficients around it.
        reach = int(self.kernel.influence) if self.kernel.is_spline else 0

        def grown(taps: Span, axis: int, size: int) -> Span:
            return taps[0] - reach, taps[1] + reach

        return self._blocks(i, j, chunks, grown)

    def _blocks(
        self, i: int, j: int, chunks: Chunking, reads: Callable[[Span, int, int], Span]
    ) -> tuple[list[int], list[int]]:
        r0, r1, c0, c1 = self.windows[i, j].tolist()
        height, width = self.source_shape
        return (
            _touched(chunks.rows, reads((r0, r1), 0, height), height, self.boundary),
            _touched(chunks.cols, reads((c0, c1), 1, width), width, self.boundary),
        )

    def summary(self, source: Chunking) -> str:
        """Return in one line what the plan reads: the first thing to look at when a run is slow."""
        rows, cols = self.windows.shape[:2]
        counts = []
        for i in range(rows):
            for j in range(cols):
                blocks = self.source_blocks(i, j, source) if self.sees_source(i, j) else ([], [])
                counts.append(len(blocks[0]) * len(blocks[1]))
        return (
            f"{rows * cols} target chunks, {counts.count(0)} of them without source, read {sum(counts)} "
            f"source blocks ({len(source.rows) * len(source.cols)} exist), at most {max(counts, default=0)} "
            f"for one chunk"
        )


def _touched(spans: tuple[Span, ...], samples: Span, size: int, boundary: Boundary) -> list[int]:
    """Return the chunks that hold a span of samples, as the boundary continues them."""
    start, stop = samples
    stops = [span[1] for span in spans]
    if start < 0 or stop > size:
        indices = boundary.sources(start, stop, size)
        if not indices.size:
            # Zeros only; one block all the same, which says how many bands there are.
            indices = np.clip([start], 0, size - 1)
        return np.unique(np.searchsorted(stops, indices, side="right")).tolist()  # type: ignore[no-any-return]
    first = bisect_right(stops, start)
    return list(range(first, bisect_left([span[0] for span in spans], stop)))


def plan_chunks(
    bounds: npt.NDArray[np.float64],
    target: Chunking,
    kernel: Kernel,
    boundary: Boundary,
    source_shape: tuple[int, int],
    source_origin: tuple[int, int] = (0, 0),
) -> ChunkPlan:
    """Plan a chunked target from the node extents of its chunks.

    Parameters
    ----------
    bounds : ndarray, (chunk rows, chunk cols, 4)
        Node extent of each target chunk, as `node_bounds` gives it.
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
