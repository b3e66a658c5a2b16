"""Anonymous memory files of Linux: made, sealed, verified and mapped.

The kernel frees such a file with its last descriptor and mapping, however its users end, so there is nothing
to sweep. See memfd_create(2) and fcntl(2), "File Sealing".
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
import sys
from dataclasses import dataclass

from gridr_dask.errors import BufferNotFoundError

__all__ = [
    "Identity",
    "available",
    "can_seal",
    "create",
    "fix_size",
    "identify",
    "map_private",
    "map_shared",
    "seal",
    "verify",
]

# Python names it from 3.13 on.
_SEAL_FUTURE_WRITE = 0x10
# A mapping need not keep a descriptor of its own; Python can leave it out from 3.13 on.
_UNTRACKED = {"trackfd": False} if sys.version_info >= (3, 13) else {}


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a file this file and no other, whichever number a process knows it by."""

    device: int
    inode: int
    size: int


def available() -> bool:
    """Whether this system makes memory files."""
    try:
        os.close(create(1))
    except (AttributeError, OSError):
        return False
    return True


def can_seal() -> bool:
    """Whether this system seals memory files against later writers; Linux does from 5.1 on."""
    try:
        descriptor = create(1)
    except (AttributeError, OSError):
        return False
    try:
        seal(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def create(size: int, name: str = "gridr") -> int:
    """Return the descriptor of a new file of `size` zero bytes, closed on exec and open to seals."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def identify(descriptor: int) -> Identity:
    """Return what `descriptor` stands for."""
    found = os.fstat(descriptor)
    return Identity(found.st_dev, found.st_ino, found.st_size)


def verify(descriptor: int, expected: Identity) -> None:
    """Raise BufferNotFoundError, an OSError, unless `descriptor` is the regular file that is expected."""
    found = identify(descriptor)
    if found != expected or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise BufferNotFoundError(
            f"descriptor {descriptor} is {found}, not the shared buffer {expected}", "buffer-not-found"
        )


def fix_size(descriptor: int) -> None:
    """Let nobody shrink or grow the file: whoever maps a part that is cut off later dies of SIGBUS."""
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)


def seal(descriptor: int) -> None:
    """Let nobody shrink, grow or write the file any more, but through writable mappings that stand."""
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | _SEAL_FUTURE_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def map_shared(descriptor: int, size: int) -> mmap.mmap:
    """Map the file so that writes reach everybody who maps it."""
    return mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, **_UNTRACKED)


def map_private(descriptor: int, size: int) -> mmap.mmap:
    """Map the file copy-on-write: whoever writes sees the writes alone. Works on a sealed file."""
    return mmap.mmap(descriptor, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE, **_UNTRACKED)
