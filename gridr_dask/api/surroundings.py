"""What stands around a source: an image of the world goes on past its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridr_dask.api.request import Request
from gridr_dask.compute import Blocks
from gridr_dask.geometry import Kernel, Window
from gridr_dask.plan.chunks import spans_of
from gridr_dask.positions import CrsGrid, Globe, Rule

__all__ = ["Surrounded"]


@dataclass(frozen=True)
class Surrounded:
    """A source with what stands around it: a globe goes on past its edges, others end there."""

    globe: Globe | None
    margins: tuple[int, int, int]
    shape: tuple[int, int]
    origin: tuple[int, int]

    @classmethod
    def by(cls, request: Request, kernel: Kernel, shape: tuple[int, int]) -> Surrounded:
        """Return the surroundings that a kernel sees of a source of a shape."""
        globe = _globe_of(request.rule, shape)
        margins = (0, 0, 0) if globe is None else globe.margins(kernel, shape)
        above, below, beside = margins
        origin = request.origin[0] - above, request.origin[1] - beside
        grown = shape[0] + above + below, shape[1] + 2 * beside
        return cls(globe if any(margins) else None, margins, grown, origin)

    def moved(self, window: Window) -> Window:
        """Return a window of the source in the frame of the whole."""
        down, along = self.margins[0], self.margins[2]
        (top, bottom), (left, right) = window.rows, window.cols
        return Window((top + down, bottom + down), (left + along, right + along))

    def blocks(self, image: Any, axes: tuple[int, int], origin: tuple[int, int]) -> Blocks:
        """Return the numpy image and its surroundings, not joined."""
        if self.globe is None:
            return Blocks.whole(image, origin, axes)
        pieces = self.globe.pieces(image, axes, self.margins)
        rows = spans_of([row[0].shape[axes[0]] for row in pieces])
        cols = spans_of([piece.shape[axes[1]] for piece in pieces[0]])
        return Blocks([piece for row in pieces for piece in row], rows, cols, self.shape, origin, axes)

    def joined(self, image: Any, axes: tuple[int, int]) -> Any:
        """Return the image, numpy or dask, and its surroundings in one array of the same kind."""
        if self.globe is None:
            return image
        pieces = self.globe.pieces(image, axes, self.margins)
        return np.concatenate([np.concatenate(row, axis=axes[1]) for row in pieces], axis=axes[0])


def _globe_of(rule: Rule | None, shape: tuple[int, int]) -> Globe | None:
    """Return how a source goes around the world; a part that was cut out of it does not."""
    if not isinstance(rule, CrsGrid) or rule.source_shape != shape:
        return None
    return rule.globe
