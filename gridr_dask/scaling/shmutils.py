"""Old spellings of `gridr_dask.scaling.shared_array`. Deprecated."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from numpy.typing import DTypeLike

from gridr_dask.scaling.shared_array import SharedArray, create_and_register, shared_array_wrap

__all__ = ["SharedMemoryArray", "create_and_register_sma", "shmarray_wrap"]

warnings.warn(
    "gridr_dask.scaling.shmutils is deprecated: use gridr_dask.scaling.shared_array",
    DeprecationWarning,
    stacklevel=2,
)

SharedMemoryArray = SharedArray
shmarray_wrap = shared_array_wrap


def create_and_register_sma(
    shape: Iterable[int], dtype: DTypeLike, register: list[str], prefix: str | None = None
) -> SharedArray:
    """Return a new shared array whose name, a text, is appended to `register`.

    It is on the backend shm, since only there a name is enough for `SharedArray.clear_buffers`.
    """
    append = register.append
    shared = create_and_register(shape, dtype, [], prefix, backend="shm")
    append(shared.name)
    return shared
