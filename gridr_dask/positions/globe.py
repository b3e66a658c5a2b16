"""A source that goes around the world: past its last column comes the first, past a pole the other side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridr_dask.geometry import Kernel

__all__ = ["Globe", "globe_of"]

_CLOSE = 0.01
"""Pixels by which an edge may miss the pole, or the width of the world."""


@dataclass(frozen=True, slots=True)
class Globe:
    """How an image of the world goes on past its edges.

    Attributes
    ----------
    period : int
        Columns after which it repeats.
    poles : (int or None, int or None)
        For the first and the last row: None if it is not at a pole, 0 if its outer edge is there, 1 if
        its centre is.
    """

    period: int
    poles: tuple[int | None, int | None]

    def margins(self, kernel: Kernel, shape: tuple[int, int]) -> tuple[int, int, int]:
        """Return how many rows above and below, and columns on both sides, a kernel may look at."""
        if kernel.first == kernel.last and shape[1] >= self.period:
            return 0, 0, 0
        reach = max(-kernel.first, kernel.last) + 1 + kernel.warm_up + int(kernel.influence)
        rows = min(reach, shape[0] - 1)
        above, below = (0 if pole is None else rows for pole in self.poles)
        return above, below, min(reach, self.period)

    def pieces(self, image: Any, axes: tuple[int, int], margins: tuple[int, int, int]) -> list[list[Any]]:
        """Return the image, numpy or dask, with what stands around it: rows of pieces, not joined."""
        above, below, beside = margins
        height, width = image.shape[axes[0]], image.shape[axes[1]]
        far = self.period // 2
        bands = []
        if above:
            rows = np.arange(above - 1, -1, -1) + (self.poles[0] or 0)
            bands.append((np.take(image, rows, axis=axes[0]), far))
        bands.append((image, 0))
        if below:
            rows = height - 1 - np.arange(below) - (self.poles[1] or 0)
            bands.append((np.take(image, rows, axis=axes[0]), far))
        spans = np.arange(-beside, 0), np.arange(width), np.arange(width, width + beside)
        result = []
        for band, turn in bands:
            row = []
            for k, columns in enumerate(spans):
                if k == 1 and not turn:
                    row.append(band)
                elif len(columns):
                    row.append(np.take(band, (columns + turn) % self.period, axis=axes[1]))
            result.append(row)
        return result


def globe_of(
    transform: tuple[float, ...], shape: tuple[int, int], period: float | None, poles: float | None
) -> Globe | None:
    """Return how a raster goes on around the world, or None if it doesn't go around.

    Parameters
    ----------
    transform : tuple of 6 numbers
        From (column, row) to (x, y).
    shape : (int, int)
        Rows and columns.
    period : float, optional
        Distance in x after which the world repeats.
    poles : float, optional
        y of the north pole; the south pole has the opposite sign.
    """
    a, b, _, d, e, f = transform
    if period is None or b or d:
        return None
    columns = round(period / abs(a))
    if columns > shape[1] or abs(period / abs(a) - columns) > _CLOSE:
        return None
    ends: list[int | None] = [None, None]
    if poles is not None and columns % 2 == 0:
        edge = np.array([f, f + e * shape[0]])
        centre = np.array([f + e / 2, f + e * (shape[0] - 0.5)])
        for side in (0, 1):
            for kind, y in ((0, edge[side]), (1, centre[side])):
                if abs(abs(y) - poles) < _CLOSE * abs(e):
                    ends[side] = kind
    return Globe(columns, (ends[0], ends[1]))
