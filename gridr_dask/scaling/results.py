"""Where tasks put what they compute: ordinary memory, unless somebody has provided another place."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Place", "empty", "finish", "provide"]

_Array = npt.NDArray[Any]


class Place(Protocol):
    """Memory for results."""

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> _Array:
        """Return an array to be written."""
        ...

    def finish(self, array: _Array) -> _Array:
        """Return an array that was written, as it goes out of the task."""
        ...


_place: Place | None = None


def provide(place: Place | None) -> None:
    """Let all later results of this process be put into `place`; None is ordinary memory."""
    global _place
    _place = place


# Another thread may have held a lock of the place, which belongs to the parent.
os.register_at_fork(after_in_child=lambda: provide(None))


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> _Array:
    """Return an array for a result of a task, not yet written."""
    place = _place
    return np.empty(shape, dtype) if place is None else place.empty(shape, dtype)


def finish(array: _Array) -> _Array:
    """Return a result, written into what `empty` gave, as it may go out of the task."""
    place = _place
    return array if place is None else place.finish(array)
