"""Reach of an interpolation kernel, as far as planning needs it."""

from dataclasses import dataclass

__all__ = ["Kernel"]


@dataclass(frozen=True, slots=True)
class Kernel:
    """An interpolation kernel; its numbers come from the engine that owns them.

    Attributes
    ----------
    name : str
        Name, as users give it.
    first, last : int
        First and last tap, counted from the pixel at or before a position (or nearest to it).
    rounds : bool
        Whether taps are counted from the nearest pixel, ties going up.
    """

    name: str
    first: int
    last: int
    rounds: bool

    @property
    def valid_from(self) -> float:
        """Smallest position that can be valid on an image, in pixels."""
        return -0.5 if self.rounds else 0.0

    def valid_to(self, size: int) -> float:
        """Return an upper bound of the positions that can be valid on an axis of `size` pixels."""
        return size - 0.5 if self.rounds else size - 1.0
