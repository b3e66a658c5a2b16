"""What stands past the edge of an image: a rule of the image, the same in every chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError

__all__ = ["MODES", "Boundary", "check_boundary_condition", "source_index"]

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
        check_boundary_condition(boundary_condition)
        if trust_padding is None:
            raise InvalidInputError(
                f"boundary_condition={boundary_condition!r} needs trust_padding: True to take what stands "
                f"past the edge as valid, False to use it in filters only",
                "trust-padding",
            )
        if not isinstance(trust_padding, (bool, np.bool_)):
            raise InvalidInputError(
                f"trust_padding must be True or False, got {trust_padding!r}", "trust-padding"
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
        if self.mode in ("none", "constant"):
            return inside
        return np.unique(np.concatenate([inside, source_index(past, size, self.mode)]))


def check_boundary_condition(mode: str | None) -> None:
    """Raise InvalidInputError unless `mode` is None or one of `MODES`."""
    if mode is not None and mode not in MODES:
        raise InvalidInputError(
            f"unknown boundary_condition {mode!r}; known: {', '.join(MODES)}, or None", "unknown-boundary"
        )


def source_index(positions: npt.NDArray[np.int64], size: int, mode: str) -> npt.NDArray[np.int64]:
    """Return the sample, in ``[0, size)``, that stands at each position; any mode but constant.

    >>> source_index(np.arange(-3, 7), 4, "reflect").tolist()
    [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    """
    if mode == "edge" or size == 1:
        return np.clip(positions, 0, size - 1)
    if mode == "wrap":
        wrapped: npt.NDArray[np.int64] = np.mod(positions, size)
        return wrapped
    # Mirrored positions come back from the end of their period.
    last = 2 * size - (2 if mode == "reflect" else 1)
    folded = np.mod(positions, 2 * size - 2 if mode == "reflect" else 2 * size)
    mirrored: npt.NDArray[np.int64] = np.minimum(folded, last - folded)
    return mirrored
