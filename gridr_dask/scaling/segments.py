"""Named segments of shared memory: files in /dev/shm, and the janitor that removes forgotten ones.

The name of a segment says whose it is, from the moment it exists:
``gridr-<boot>-<pid namespace>-<pid>-<start time>-<name of the array>``.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import re
import stat
import sys
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path
from typing import NamedTuple

from gridr_dask.errors import BufferNotFoundError
from gridr_dask.scaling import memfd

__all__ = ["FOLDER", "Room", "create", "find", "map_shared", "remove", "remove_orphans", "room"]

FOLDER = Path("/dev/shm")
"""Where the C library, too, keeps the segments of shm_open(3)."""

_NAME = re.compile(r"gridr-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-(.+)", re.DOTALL)


class Room(NamedTuple):
    """Bytes of a file system."""

    size: int
    free: int


class _Owner(NamedTuple):
    """What makes a process this process and no other, whichever later has its number."""

    boot: str
    namespace: int
    pid: int
    start: int

    @property
    def prefix(self) -> str:
        """How the names of its segments begin."""
        return f"gridr-{self.boot}-{self.namespace}-{self.pid}-{self.start}-"

    def is_gone(self) -> bool:
        """Whether the process has ended; False if that cannot be seen from here."""
        here = _this_process()
        if self.boot != here.boot:
            return True
        return self.namespace == here.namespace and _start_time(self.pid) != self.start


def room() -> Room:
    """Return how large /dev/shm is, and what of it this process may still take."""
    try:
        found = os.statvfs(FOLDER)
    except OSError:
        return Room(0, 0)
    if not os.access(FOLDER, os.W_OK):
        return Room(0, 0)
    if found.f_blocks == 0:  # a tmpfs without a limit
        return Room(sys.maxsize, sys.maxsize)
    return Room(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def create(size: int, label: str) -> str:
    """Make a segment of `size` zero bytes and return its name; `label` is the name of the array.

    The pages are reserved, so that a full /dev/shm is an OSError here and no SIGBUS at a later write.
    """
    _prepare()
    name = _this_process().prefix + label
    descriptor = os.open(FOLDER / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except BaseException:
        remove(name)
        raise
    finally:
        os.close(descriptor)
    return name


def find(label: str) -> tuple[str, int] | None:
    """Return the name and the size of the segment of an array, or None."""
    for name, _, its_label in _segments():
        if its_label == label:
            with contextlib.suppress(FileNotFoundError):
                return name, (FOLDER / name).stat().st_size
    return None


def map_shared(name: str, size: int) -> mmap.mmap:
    """Map a segment, which must have this size."""
    try:
        descriptor = os.open(FOLDER / name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise BufferNotFoundError(
            f"there is no segment {name!r} in {FOLDER}: it was destroyed, or its creator has ended",
            "buffer-not-found",
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_size != size:
            raise BufferNotFoundError(
                f"{FOLDER / name} is not the segment of {size} bytes that was made", "buffer-not-found"
            )
        return memfd.map_shared(descriptor, size)
    finally:
        os.close(descriptor)


def remove(name: str) -> bool:
    """Remove the name of a segment, and return whether it was there; who has mapped it keeps its memory."""
    try:
        (FOLDER / name).unlink()
    except FileNotFoundError:
        return False
    return True


def remove_orphans() -> list[str]:
    """Remove the segments whose creator has died without a chance to do it, and return their names.

    Runs by itself before a process makes its first segment. Segments of other users stay, and those of
    processes in other pid namespaces, which may well live.
    """
    return sorted(name for name, owner, _ in _segments() if owner.is_gone() and remove(name))


def _segments() -> Iterator[tuple[str, _Owner, str]]:
    """Yield name, owner and label of the segments of this user."""
    try:
        names = os.listdir(FOLDER)
    except FileNotFoundError:
        return
    for name in names:
        if (found := _NAME.fullmatch(name)) is None:
            continue
        with contextlib.suppress(FileNotFoundError):
            if os.lstat(FOLDER / name).st_uid == os.geteuid():
                boot, namespace, pid, start, label = found.groups()
                yield name, _Owner(boot, int(namespace), int(pid), int(start)), label


@functools.cache
def _this_process() -> _Owner:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    pid = int(os.readlink("/proc/self"))  # as others see it there, too
    start = _start_time(pid)
    assert start is not None
    return _Owner(boot, os.stat("/proc/self/ns/pid").st_ino, pid, start)


def _start_time(pid: int) -> int | None:
    """Return when a process started, in ticks since the boot; None if it has ended. See proc_pid_stat(5)."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = line.rpartition(")")[2].split()  # the name of the program, before it, may hold anything
    return None if fields[0] in "ZX" else int(fields[19])


@functools.cache
def _prepare() -> None:
    """Do what comes before the first segment of a process."""
    remove_orphans()
    # Not atexit, which forked children of multiprocessing pass by. Below 0 is after children were joined.
    util.Finalize(None, _remove_own, exitpriority=-1)


def _remove_own() -> None:
    own = _this_process()
    for name, owner, _ in _segments():
        if owner == own:
            remove(name)


os.register_at_fork(after_in_child=_this_process.cache_clear)
os.register_at_fork(after_in_child=_prepare.cache_clear)
