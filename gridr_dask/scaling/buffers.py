"""The memory behind shared arrays, in three kinds: made, found, mapped, and sent to other processes.

A mapping is never unmapped by hand. It goes with the last array that looks at it, on every backend.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import uuid
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from multiprocessing import context, reduction
from typing import Any, ClassVar, NoReturn

from gridr_dask.errors import BufferExistsError, BufferNotFoundError, SharedMemoryError
from gridr_dask.scaling import memfd, segments
from gridr_dask.settings import BACKEND_VARIABLE

__all__ = ["Buffer", "MemoryFile", "create", "find", "mebibytes"]


class Buffer(ABC):
    """Bytes that several processes can map."""

    kind: ClassVar[str]

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.removed = False

    @abstractmethod
    def map(self) -> mmap.mmap:
        """Return a mapping that reads and writes the shared bytes."""

    def remove(self) -> None:
        """Let nobody find the buffer any more; who holds it keeps its memory."""
        self.removed = True


class Segment(Buffer):
    """A named segment of /dev/shm; any process can open it that knows its name."""

    kind = "shm"

    def __init__(self, segment: str, name: str, size: int) -> None:
        super().__init__(name, size)
        self._segment = segment

    @classmethod
    def create(cls, name: str, size: int) -> Segment:
        """Make a segment."""
        if size > segments.room().free:  # to find out by filling it up harms others
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return cls(segments.create(size, name), name, size)

    def map(self) -> mmap.mmap:
        """Return a new mapping of the segment."""
        return segments.map_shared(self._segment, self.size)

    def remove(self) -> None:
        """Remove the segment; its memory stays until the last mapping goes."""
        super().remove()
        segments.remove(self._segment)


class InheritedMapping(Buffer):
    """An anonymous mapping; forked children inherit it, nobody else can see it."""

    kind = "mmap"

    def __init__(self, mapping: mmap.mmap, name: str, size: int) -> None:
        super().__init__(name, size)
        self._mapping = mapping
        self._key = uuid.uuid4()
        _LIVE[self._key] = self

    @classmethod
    def create(cls, name: str, size: int) -> InheritedMapping:
        """Make a mapping."""
        return cls(mmap.mmap(-1, size), name, size)

    def map(self) -> mmap.mmap:
        """Return the mapping itself."""
        return self._mapping

    def __reduce__(self) -> tuple[Any, ...]:
        return _recall, (self._key, self.name, self.size)


class MemoryFile(Buffer):
    """An anonymous file; its descriptor travels with the pickle. There is one object per file and process."""

    kind = "memfd"

    def __init__(self, descriptor: int, identity: memfd.Identity, name: str) -> None:
        super().__init__(name, identity.size)
        self.descriptor = descriptor
        self.identity = identity
        weakref.finalize(self, _close, descriptor, identity).atexit = False
        _LIVE[identity] = self

    @classmethod
    def create(cls, name: str, size: int) -> MemoryFile:
        """Make a file."""
        # A memory file may have any size. Of a mapping the kernel says whether it can ever be filled.
        mmap.mmap(-1, size).close()
        descriptor = memfd.create(size, name)
        try:
            memfd.fix_size(descriptor)
            return cls(descriptor, memfd.identify(descriptor), name)
        except BaseException:
            os.close(descriptor)
            raise

    def map(self) -> mmap.mmap:
        """Return a new mapping of the file."""
        # Who closes descriptors wholesale, as a daemon does at its start, may have another file there.
        memfd.verify(self.descriptor, self.identity)
        return memfd.map_shared(self.descriptor, self.size)

    def describe(self) -> dict[str, int]:
        """Return what `from_description` needs, plain numbers."""
        identity = self.identity
        return {
            "fd": self.descriptor,
            "size": identity.size,
            "device": identity.device,
            "inode": identity.inode,
        }

    @classmethod
    def from_description(cls, described: Mapping[str, int], name: str) -> MemoryFile:
        """Return the file of a description; its descriptor is one of this process and stays the caller's."""
        identity = memfd.Identity(described["device"], described["inode"], described["size"])
        try:
            descriptor = os.dup(described["fd"])
            try:
                return _adopt(descriptor, identity, name)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise BufferNotFoundError(
                f"descriptor {described['fd']} is not that of the shared array {name!r} in this process: "
                f"hand it over with multiprocessing.reduction.DupFd, or send the object itself ({error})",
                "buffer-not-found",
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return _receive, (self._lend(), self.identity, self.name)

    def _lend(self) -> Any:
        """Return what becomes a descriptor in the process that unpickles it."""
        starting = context.get_spawning_popen()
        if starting is None:
            return reduction.DupFd(self.descriptor)
        # multiprocessing fails if a descriptor is handed twice to a process that it starts.
        lent = _LENT.setdefault(starting, {})
        if self.identity not in lent:
            lent[self.identity] = reduction.DupFd(self.descriptor)
        return lent[self.identity]


class Unreachable(Buffer):
    """A buffer that did not reach this process; whoever maps it learns why.

    Not an error at once: a pool whose worker fails while it unpickles waits for ever.
    """

    def __init__(self, reason: str, name: str, size: int) -> None:
        super().__init__(name, size)
        self._reason = reason

    def map(self) -> NoReturn:
        """Raise the reason."""
        raise BufferNotFoundError(
            f"the shared array {self.name!r} cannot be reached: {self._reason}", "buffer-not-found"
        )


_KINDS: dict[str, type[Segment | InheritedMapping | MemoryFile]] = {
    kind.kind: kind for kind in (Segment, InheritedMapping, MemoryFile)
}
_LIVE: weakref.WeakValueDictionary[object, InheritedMapping | MemoryFile] = weakref.WeakValueDictionary()
"""What this process holds, or held when it was forked, by what it is known as in a pickle."""
_LENT: weakref.WeakKeyDictionary[Any, dict[memfd.Identity, Any]] = weakref.WeakKeyDictionary()
"""What goes to each process that is being started."""


def create(kind: str, name: str, size: int) -> Buffer:
    """Make a buffer of `size` zero bytes.

    Raises
    ------
    SharedMemoryError
        If there is no room for it.
    BufferExistsError
        If one of this name is there.
    """
    if find(kind, name) is not None:
        raise BufferExistsError(f"a shared array of the name {name!r} is there already", "buffer-exists")
    try:
        return _KINDS[kind].create(name, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.ENOMEM):
            raise
        raise SharedMemoryError(_no_room(kind, size), "no-room") from error


def find(kind: str, name: str) -> Buffer | None:
    """Return the buffer of a name: for shm of this host, else one that this process holds or inherited."""
    if kind == Segment.kind:
        found = segments.find(name)
        return None if found is None else Segment(found[0], name, found[1])
    for reference in _LIVE.valuerefs():  # a copy: other threads may add to it
        held = reference()
        if held is not None and (held.kind, held.name) == (kind, name) and not held.removed:
            return held
    return None


def _adopt(descriptor: int, identity: memfd.Identity, name: str) -> MemoryFile:
    """Return the memory file that `descriptor`, which now belongs to the result, stands for.

    Raises
    ------
    OSError
        If it stands for something else; then it still belongs to the caller.
    """
    memfd.verify(descriptor, identity)
    known = _LIVE.get(identity)
    if not isinstance(known, MemoryFile):
        return MemoryFile(descriptor, identity, name)
    if descriptor != known.descriptor:
        os.close(descriptor)
    return known


def mebibytes(size: int) -> str:
    """Return a number of bytes for people."""
    return f"{size / 2**20:,.1f} MiB"


def _no_room(kind: str, size: int) -> str:
    if kind != Segment.kind:
        memory = os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE
        return (
            f"a shared array of {mebibytes(size)} ({kind}) is more than this system can hold, "
            f"whose memory has {mebibytes(memory)}"
        )
    room = segments.room()
    return (
        f"a shared array of {mebibytes(size)} does not fit into {segments.FOLDER}, where "
        f"{mebibytes(room.free)} of {mebibytes(room.size)} are free. Either make {segments.FOLDER} larger "
        "(docker run --shm-size=..., in Kubernetes a volume of medium Memory), or set "
        f"{BACKEND_VARIABLE}=memfd (mmap, if all workers are forked)"
    )


def _recall(key: uuid.UUID, name: str, size: int) -> Buffer:
    """Return the mapping of a pickle, if this process inherited it."""
    reason = (
        "an mmap array is seen only by the process that made it and by those forked from it later; "
        "set_backend('memfd') or 'shm' makes arrays that any process can reach"
    )
    return _LIVE.get(key) or Unreachable(reason, name, size)


def _receive(lent: Any, identity: memfd.Identity, name: str) -> Buffer:
    """Return the memory file of a pickle."""
    try:
        descriptor = lent.detach()
        os.set_inheritable(descriptor, False)
        return _adopt(descriptor, identity, name)
    except Exception as error:  # of the connection, its authentication, the other process
        return Unreachable(f"its descriptor did not arrive ({error!r})", name, identity.size)


def _close(descriptor: int, identity: memfd.Identity) -> None:
    """Close the descriptor unless it has come to stand for another file."""
    with contextlib.suppress(OSError):
        memfd.verify(descriptor, identity)
        os.close(descriptor)
