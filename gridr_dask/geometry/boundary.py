"""What stands past the edge of an image: a rule of the image, the same in every chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError

__all__ = ["MODES", "Boundary"]

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
"""Boundary conditions, with the names of `numpy.pad`; ``reflect`` is SciPy's ``mirror``."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """How samples continue past the edge, and whether they are to be believed.

    Attributes
    ----------
    mode : str
        One of `MODES`, or ``"none"``: the image ends there.
    trusted : bool
        Whether what stands past the edge is valid, as far as the kernel's margin.
    """

    mode: str = "none"
    trusted: bool = False

    @classmethod
    def from_user(cls, boundary_condition: str | None, trust_padding: bool | None) -> Boundary:
        """Return the boundary of the two parameters that users give.

        Raises
        ------
        InvalidInputError
            If the mode is unknown, or set without saying whether to trust it.
        """
        if boundary_condition is None:
            return cls()
        if boundary_condition not in MODES:
            raise InvalidInputError(
                f"unknown boundary_condition {boundary_condition!r}; known: {', '.join(MODES)}, or None",
                "unknown-boundary",
            )
        if trust_padding is None:
            raise InvalidInputError(
                f"boundary_condition={boundary_condition!r} needs trust_padding: True to take what stands "
                f"past the edge as valid, False to use it in filters only",
                "trust-padding",
            )
        return cls(boundary_condition, bool(trust_padding))

    @property
    def extends(self) -> bool:
        """Whether positions past the edge can be valid."""
        return self.trusted and self.mode != "none"

    def sources(self, start: int, stop: int, size: int) -> npt.NDArray[np.int64]:
        """Return the indices of an axis that the samples ``[start, stop)`` of its extension come from.

        Sorted, each once; empty for zeros.
        """
        inside = np.arange(max(start, 0), min(stop, size))
        past = np.concatenate([np.arange(start, min(stop, 0)), np.arange(max(start, size), stop)])
        if not past.size or size == 0:
            return inside
        return np.unique(np.concatenate([inside, self._mapped(past, size)]))

    def _mapped(self, past: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
        period = {"wrap": size, "reflect": 2 * (size - 1), "symmetric": 2 * size}.get(self.mode, 0)
        if self.mode == "edge" or (self.mode == "reflect" and size == 1):
            return np.clip(past, 0, size - 1)
        if not period:
            return past[:0]
        # Mirrored positions come back from the end of their period.
        last = period if self.mode == "reflect" else period - 1
        offset = np.mod(past, period)
        return offset if self.mode == "wrap" else np.minimum(offset, last - offset)
