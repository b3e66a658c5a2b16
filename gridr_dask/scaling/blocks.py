"""Blocks: arrays in memory files, which other processes may map as well.

What lies in a file never changes. Each process, the one that made the block too, maps it copy-on-write: it
may write in place and nobody else sees it. The kernel tells which blocks were written.
"""

from __future__ import annotations

import mmap
import os
import secrets
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.scaling import memfd
from gridr_dask.scaling.memfd import Identity

__all__ = ["Block", "Limits", "Pool", "is_untouched"]

_Array = npt.NDArray[Any]

_POPULATE_WRITE = 23
"""madvise(2): make all pages at once, which takes less than one by one. Python does not name it."""
_RECENT = 64
"""Results by which it is judged whether others ask for them."""
_DESCRIPTORS = 1 if sys.version_info >= (3, 13) else 2
"""Of each block: its own, and the one that Python's mapping keeps before 3.13."""


class Block:
    """A memory file: it is closed with the last mapping that is known here.

    Parameters
    ----------
    descriptor : int
        Belongs to the block from now on.
    made : bool
        Whether this process has made it, rather than got it from another one.
    """

    def __init__(self, descriptor: int, *, made: bool) -> None:
        self.descriptor, self.made = descriptor, made
        weakref.finalize(self, os.close, descriptor).atexit = False
        self.token = secrets.token_bytes(16)
        self.is_result = self.asked_for = False
        self.identity: Identity = memfd.identify(descriptor)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the blocks of one process may take."""

    threshold: int
    """Smaller arrays, in bytes, stay out."""
    descriptors: int
    """Of the operating system's, for blocks of any origin."""
    size: int
    """Bytes of all blocks that the process has made."""


class Pool:
    """The blocks of one process, as many as its limits allow. It may be used by several threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._made = self._asked = 0
        self._lock = threading.RLock()  # for all blocks; a set that grows cannot be read
        self._all = weakref.WeakSet[Block]()
        self._by_token = weakref.WeakValueDictionary[bytes, Block]()
        self._by_mapping = weakref.WeakKeyDictionary[mmap.mmap, Block]()
        self._ordinary = weakref.WeakValueDictionary[int, _Array]()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def size(self) -> int:
        """Bytes of the blocks that this process has made, and that are in use."""
        with self._lock:
            return sum(block.identity.size for block in self._all if block.made)

    @property
    def wanted(self) -> bool:
        """Whether results are made in blocks: while others ask for at least half of them.

        It takes as long as a copy into a block later on, and is for nothing if nobody asks.
        """
        return 2 * self._asked >= self._made > 0

    def ask(self, array: _Array) -> None:
        """Count an array that is asked for, if it is a result, and the first time."""
        found = self.block_of(array)
        if found is not None:
            new, found[0].asked_for = found[0].is_result and not found[0].asked_for, True
        else:
            new = self._ordinary.get(id(array)) is array
            self._ordinary.pop(id(array), None)
        with self._lock:
            self._asked += new

    def find(self, token: bytes) -> Block | None:
        """Return the block of a token. While somebody holds it, its descriptor is open."""
        return self._by_token.get(token)

    def block_of(self, array: _Array) -> tuple[Block, mmap.mmap] | None:
        """Return the block that an array lies in, and where it is mapped, or None for ordinary memory."""
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        block = self._by_mapping.get(base) if isinstance(base, mmap.mmap) else None
        return None if block is None else (block, base)

    def takes(self, array: _Array) -> bool:
        """Whether blocks are for arrays of this kind."""
        plain = type(array) is np.ndarray and not array.dtype.hasobject and array.dtype.itemsize
        return bool(plain) and array.nbytes >= self.limits.threshold and 0 not in array.strides

    def copy(self, array: _Array) -> _Array | None:
        """Return an equal array in a new block, or None if there is no room for it."""
        data = array if array.flags.forc else np.ascontiguousarray(array)
        block = self._make(data.nbytes, lambda descriptor: _write(descriptor, data))
        if block is None:
            return None
        try:
            mapping = self._map(block)
        except OSError:
            return None
        copied = np.ndarray(data.shape, data.dtype, mapping, strides=data.strides)
        copied.flags.writeable = array.flags.writeable
        return copied

    def adopt(self, descriptor: int, expected: Identity) -> mmap.mmap:
        """Return a mapping of a block that another process has made.

        Raises
        ------
        OSError
            If it is not the file that is expected, or cannot be mapped. The descriptor is closed.
        """
        block = Block(descriptor, made=False)
        memfd.verify(descriptor, expected)
        with self._lock:
            self._all.add(block)
        return self._map(block)

    def can_adopt(self) -> bool:
        """Whether there is room for a descriptor from another process."""
        return (len(self._all) + 1) * _DESCRIPTORS <= self.limits.descriptors

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> _Array:
        """Return an array for a result: in a block, if blocks are wanted and there is room."""
        ordinary = np.empty(shape, dtype)
        if not self.wanted or not self.takes(ordinary):
            return ordinary
        block = self._make(ordinary.nbytes, lambda _: None)
        if block is None:
            return ordinary
        try:
            mapping = memfd.map_shared(block.descriptor, ordinary.nbytes)
        except OSError:
            return ordinary
        self._by_mapping[mapping] = block
        with suppress(OSError):  # before Linux 5.14
            mapping.madvise(_POPULATE_WRITE)
        return np.ndarray(shape, dtype, mapping)

    def finish(self, array: _Array) -> _Array:
        """Return what was written into `empty`, as nobody can change it for others any more."""
        found = self.block_of(array)
        if found is None:
            if self.takes(array):
                self._count()
                self._ordinary[id(array)] = array
            return array
        self._count()
        found[0].is_result = True
        try:
            memfd.seal(found[0].descriptor)
            mapping = self._map(found[0])
        except OSError:
            return array.copy()
        return np.ndarray(array.shape, array.dtype, mapping, strides=array.strides)

    def _count(self) -> None:
        with self._lock:
            self._made += 1
            if self._made > _RECENT:
                self._made, self._asked = self._made // 2, self._asked // 2

    def _make(self, size: int, fill: Callable[[int], None]) -> Block | None:
        with self._lock:
            if self.size + size > self.limits.size or not self.can_adopt():
                return None
            try:
                block = Block(memfd.create(size), made=True)
            except OSError:
                return None
            self._all.add(block)
        try:
            fill(block.descriptor)
        except OSError:
            return None
        return block

    def _map(self, block: Block) -> mmap.mmap:
        """Map a block that is complete, from now on found by its token."""
        mapping = memfd.map_private(block.descriptor, block.identity.size)
        self._by_mapping[mapping] = block
        self._by_token[block.token] = block
        return mapping


def is_untouched(mapping: mmap.mmap) -> bool:
    """Return whether nobody has written into a private mapping; False if the kernel does not tell.

    See pagemap(5): a page that was written is no page of the file any more.
    """
    first = address_of(mapping) // mmap.PAGESIZE
    entries = np.empty(-(-len(mapping) // mmap.PAGESIZE), np.uint64)
    try:
        pages = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.preadv(pages, [entries.data.cast("B")], first * entries.itemsize) != entries.nbytes:
            return False
    except OSError:
        return False
    finally:
        os.close(pages)
    flags = entries >> np.uint64(61)  # in memory, in swap, of a file
    return not bool(np.any((flags & 1 == 0) & (flags > 0)))


def address_of(mapping: mmap.mmap) -> int:
    """Return where a mapping begins."""
    return int(np.frombuffer(mapping, np.uint8).__array_interface__["data"][0])


def _write(descriptor: int, data: _Array) -> None:
    """Write a contiguous array into a new file, which takes half the time of writing into a mapping."""
    left, position = data.ravel(order="K").view(np.uint8).data, 0
    while left:
        count = os.pwrite(descriptor, left, position)
        left, position = left[count:], position + count
    memfd.seal(descriptor)
