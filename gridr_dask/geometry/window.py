"""Half-open rectangles of pixels; the dialects of users are translated here, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

from gridr_dask.errors import InvalidInputError

__all__ = ["Span", "Window"]

Span = tuple[int, int]
"""``(start, stop)`` of the half-open interval ``[start, stop)``."""


@dataclass(frozen=True, slots=True)
class Window:
    """The pixels of rows ``[start, stop)`` and columns ``[start, stop)``.

    >>> Window((10, 20), (0, 5)).shape
    (10, 5)
    """

    rows: Span
    cols: Span

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.rows[1] - self.rows[0], self.cols[1] - self.cols[0]

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the window in an array whose first pixel is (0, 0)."""
        return slice(*self.rows), slice(*self.cols)

    def __str__(self) -> str:
        return f"rows [{self.rows[0]}, {self.rows[1]}), cols [{self.cols[0]}, {self.cols[1]})"

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Window:
        """Return the window of all pixels of an array of `shape`."""
        return cls((0, shape[0]), (0, shape[1]))

    @classmethod
    def from_slices(cls, slices: Sequence[slice], shape: tuple[int, int], name: str = "window") -> Window:
        """Return the window of a pair of slices in an array of `shape`; errors call it `name`.

        Raises
        ------
        InvalidInputError
            If a slice has a step, or does not lie inside of the array: windows are not clipped.

        >>> Window.from_slices((slice(None), slice(2, 4)), (10, 8))
        Window(rows=(0, 10), cols=(2, 4))
        """
        if not isinstance(slices, (tuple, list)) or len(slices) != 2:
            raise InvalidInputError(f"{name} must be a pair of slices (rows, cols), got {slices!r}", "window")
        spans = []
        for axis, part, size in zip(("rows", "cols"), slices, shape, strict=True):
            try:
                start = 0 if part.start is None else index(part.start)
                stop = size if part.stop is None else index(part.stop)
            except (TypeError, AttributeError):
                raise InvalidInputError(
                    f"{name} must be a pair of slices of integers (rows, cols), got {slices!r}", "window"
                ) from None
            if part.step not in (None, 1) or not 0 <= start < stop <= size:
                raise InvalidInputError(
                    f"{name} {axis} {part} must be a non-empty part of [0, {size}), without a step", "window"
                )
            spans.append((start, stop))
        return cls(spans[0], spans[1])
