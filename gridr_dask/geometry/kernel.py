"""Reach of an interpolation kernel, as far as planning needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry.boundary import Boundary
from gridr_dask.geometry.window import Span

__all__ = ["Kernel"]


@dataclass(frozen=True, slots=True)
class Kernel:
    """An interpolation kernel with its parameters; its numbers come from the engine that owns them.

    Attributes
    ----------
    name : str
        Name, as users give it.
    first, last : int
        First and last tap, counted from the pixel at or before a position (or nearest to it).
    rounds : bool
        Whether taps are counted from the nearest pixel, ties going up.
    margin : int
        Samples past each edge that a trusted boundary adds to the valid ones.
    epsilon : float
        Largest error of a spline's prefilter, relative to the largest sample; 0 for other kernels.
    influence : float
        Manhattan distance to which an invalid sample invalidates a spline's taps; 0 for other kernels.
    warm_up : int
        Samples that the prefilter needs on each side of a piece; 0 for other kernels.
    pieces : (int, int)
        Length of the prefilter's pieces along rows and columns; (1, 1) for other kernels.
    prefiltered : bool
        Whether the source already holds coefficients.
    """

    name: str
    first: int
    last: int
    rounds: bool
    margin: int
    epsilon: float = 0.0
    influence: float = 0.0
    warm_up: int = 0
    pieces: tuple[int, int] = (1, 1)
    prefiltered: bool = False

    @property
    def is_spline(self) -> bool:
        """Whether the kernel works on coefficients that are filtered from the samples."""
        return self.pieces != (1, 1) and not self.prefiltered

    def domain(self, size: int, boundary: Boundary) -> Span:
        """Return the taps that may be valid on an axis of `size` pixels, a half-open span."""
        if size == 0:
            return 0, 0
        past = 0
        if boundary.extends:
            past = self.margin
        elif self.is_spline:
            past = -int(self.influence)
        return -past, size + past

    def reads(self, taps: Span, axis: int, size: int) -> Span:
        """Return the samples that the coefficients of a span of taps are made from; may exceed the image."""
        if not self.is_spline or taps[0] >= taps[1]:
            return taps
        start, stop = self.reads_each(np.asarray(taps[0]), np.asarray(taps[1]), axis, size)
        return int(start), int(stop)

    def reads_each(
        self, starts: npt.NDArray[Any], stops: npt.NDArray[Any], axis: int, size: int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return what `reads` returns for many spans of taps, none of them empty."""
        if not self.is_spline:
            return starts, stops
        length, last = self.pieces[axis], max(size - 1, 0) // self.pieces[axis]
        first, final = (np.clip(taps // length, 0, last) for taps in (starts, stops - 1))
        # A sample that is not finite is looked for as far as its influence reaches.
        around = max(self.warm_up, int(self.influence))
        return (
            np.where(first == 0, -self.margin, first * length) - around,
            np.where(final == last, size + self.margin, (final + 1) * length) + around,
        )
