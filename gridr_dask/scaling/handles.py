"""What travels in place of a block: where its file is to be had, and how the array lies in it."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.scaling import broker, memfd
from gridr_dask.scaling.blocks import Pool, address_of
from gridr_dask.scaling.memfd import Identity

__all__ = ["Handle", "attach", "receive_into"]

_Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Handle:
    """An array in a block of another process. Unpickled, it is the array, or an OSError."""

    broker: str = field(repr=False)
    token: bytes = field(repr=False)
    identity: Identity
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    writeable: bool

    @classmethod
    def of(cls, array: _Array, pool: Pool, name: str) -> Handle:
        """Describe an array that lies in a block, for those who can reach the broker of this name."""
        found = pool.block_of(array)
        if found is None:
            raise ValueError("the array lies in no block")
        block, mapping = found
        offset = array.__array_interface__["data"][0] - address_of(mapping)
        return cls(
            name,
            block.token,
            block.identity,
            offset,
            array.shape,
            array.strides,
            array.dtype,
            array.flags.writeable,
        )

    def __reduce__(self) -> tuple[Callable[..., _Array], tuple[Any, ...]]:
        return attach, tuple(getattr(self, each.name) for each in fields(self))


_pool: Pool | None = None


def receive_into(pool: Pool | None) -> None:
    """Let blocks from other processes count to `pool`, from which they can be handed on."""
    global _pool
    _pool = pool


# Another thread may have held the lock of the pool, and nobody answers for the blocks of a child.
os.register_at_fork(after_in_child=lambda: receive_into(None))


def attach(*described: Any) -> _Array:
    """Return the array that a handle describes: mapped, or as a copy if it cannot be mapped here.

    Raises
    ------
    OSError
        If the broker is gone or does not have the block any more.
    """
    pool = _pool
    try:
        handle = Handle(*described)
        buffer = _mapped(handle, pool) or _copied(handle)
        array = np.ndarray(handle.shape, handle.dtype, buffer, handle.offset, handle.strides)
        array.flags.writeable = handle.writeable
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # dask tries again after an OSError only, and prints frames, thus tokens, after an EOFError.
        raise OSError(errno.EPROTO, f"a block could not be attached: {error!r}") from None
    return array


def _mapped(handle: Handle, pool: Pool | None) -> mmap.mmap | None:
    """Return the block, mapped, or None if descriptors or address space are used up."""
    if pool is not None and not pool.can_adopt():
        return None
    descriptor = broker.fetch(handle.broker, handle.token)
    if descriptor is None:
        return None
    try:
        if pool is not None:
            return pool.adopt(descriptor, handle.identity)
        try:
            memfd.verify(descriptor, handle.identity)
            return memfd.map_private(descriptor, handle.identity.size)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            return None
        raise


def _copied(handle: Handle) -> _Array:
    content = np.empty(handle.identity.size, np.uint8)
    broker.read_into(handle.broker, handle.token, content.data)
    return content
