"""Which backend holds shared arrays: the one that somebody asked for, else one that fits."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from dataclasses import dataclass, replace

from gridr_dask.errors import InvalidInputError
from gridr_dask.scaling import memfd, segments
from gridr_dask.scaling.buffers import mebibytes
from gridr_dask.settings import BACKEND_VARIABLE, shared_backend, shared_reserve

__all__ = ["BACKENDS", "BackendChoice", "candidates", "explain_backend", "get_backend", "set_backend"]

BACKENDS = ("shm", "mmap", "memfd")
AUTO = "auto"
_NAMES = (AUTO, *BACKENDS)

_METHODS = ("fork", "spawn", "forkserver")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """A backend for shared arrays, with all that was taken into account; printed, it reads as a sentence.

    Attributes
    ----------
    backend : {"shm", "mmap", "memfd"}
        Where arrays go.
    why : str
        The reason, for people.
    automatic : bool
        Whether nobody asked for this backend, so that an array that does not fit goes elsewhere.
    start_method : {"fork", "spawn", "forkserver"}
        How workers are started.
    shm_size, shm_free : int
        Bytes of ``/dev/shm``; 0 if it is missing or must not be written.
    shm_reserve : int
        Bytes that an automatic choice leaves free there.
    memfd : bool
        Whether the system makes memory files.
    ignored : str or None
        What is wrong with ``GRIDR_SHARED_MEMORY_BACKEND``, if it names no backend.
    """

    backend: str
    why: str
    automatic: bool
    start_method: str
    shm_size: int
    shm_free: int
    shm_reserve: int
    memfd: bool
    ignored: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.backend}: {self.why} (/dev/shm: {mebibytes(self.shm_free)} of {mebibytes(self.shm_size)} "
            f"free; start method: {self.start_method}; memfd: {'works' if self.memfd else 'missing'})"
        )


class _Process:
    """What this process has asked for and what came of it."""

    def __init__(self) -> None:
        self.renew_lock()
        self.asked = AUTO
        self.start_method: str | None = None
        self.resolved: BackendChoice | None = None

    def renew_lock(self) -> None:
        self.lock = threading.Lock()


_process = _Process()
os.register_at_fork(after_in_child=_process.renew_lock)  # another thread may have held it


def set_backend(name: str, *, start_method: str | None = None) -> None:
    """Choose where new shared arrays go; those that exist stay where they are.

    Parameters
    ----------
    name : {"auto", "shm", "mmap", "memfd"}
        The backend, or "auto" for what fits.
    start_method : {"fork", "spawn", "forkserver"}, optional
        How workers are started, when it is not what `multiprocessing.get_start_method` says.

    Notes
    -----
    The environment variable ``GRIDR_SHARED_MEMORY_BACKEND`` wins over this function, which wins over
    ``gridr.shared.backend`` of dask's configuration.
    """
    if name not in _NAMES:
        raise InvalidInputError(f"name={name!r} must be one of {_NAMES}", "backend")
    if start_method is not None and start_method not in _METHODS:
        raise InvalidInputError(f"start_method={start_method!r} must be one of {_METHODS}", "start-method")
    with _process.lock:
        _process.asked, _process.start_method, _process.resolved = name, start_method, None
    _logger.info("backend %r is asked for shared arrays", name)


def get_backend() -> str:
    """Return where shared arrays of this process go, unless one does not fit there.

    It is settled at the first use, and again after `set_backend`. See `explain_backend` for the reasons.
    """
    return _preference().backend


def explain_backend(size: int = 0) -> BackendChoice:
    """Return where a shared array of `size` bytes would go now, and why.

    With the default this is what `get_backend` returns.
    """
    preference = _preference()
    if size == 0 or not preference.automatic or preference.backend != "shm":
        return preference
    return _that_fits(size, preference)


def candidates(size: int) -> tuple[str, ...]:
    """Return the backends to try for an array of `size` bytes, the best one first."""
    best = explain_backend(size)
    if not best.automatic or best.backend != "shm":
        return (best.backend,)
    return tuple(dict.fromkeys(("shm", _without_shm(best)[0])))


def _preference() -> BackendChoice:
    with _process.lock:
        if _process.resolved is None:
            _process.resolved = _resolve()
            _logger.info("shared arrays go to the backend %s", _process.resolved.backend)
            _logger.debug("%s", _process.resolved)
        return _process.resolved


def _resolve() -> BackendChoice:
    method = (
        _process.start_method
        or multiprocessing.get_start_method(allow_none=True)
        # Asking without `allow_none` would settle it for the whole program; the first is the default.
        or multiprocessing.get_all_start_methods()[0]
    )
    room = segments.room()
    value = os.environ.get(BACKEND_VARIABLE, "")
    wanted = value.strip().lower() or AUTO
    ignored = None
    if wanted not in _NAMES:
        ignored = f"{BACKEND_VARIABLE}={value!r} is ignored: it must be one of {_NAMES}"
        _logger.warning("%s", ignored)
    unsettled = BackendChoice("", "", True, method, room.size, room.free, 0, memfd.available(), ignored)
    asked = (wanted, f"{BACKEND_VARIABLE}={value} says so") if wanted in BACKENDS else _asked()
    if asked is not None:
        backend, why = asked
        return replace(unsettled, backend=backend, why=why, automatic=False)
    return _that_fits(0, replace(unsettled, shm_reserve=shared_reserve()))


def _asked() -> tuple[str, str] | None:
    """Return the backend that the program or the configuration asks for, and which of them."""
    if _process.asked != AUTO:
        return _process.asked, f"set_backend({_process.asked!r}) says so"
    configured, said = shared_backend()
    if configured not in _NAMES:
        raise InvalidInputError(f"{said} must be one of {_NAMES}", "backend")
    if configured != AUTO:
        return str(configured), "gridr.shared.backend in dask's configuration says so"
    return None


def _that_fits(size: int, given: BackendChoice) -> BackendChoice:
    """Return the automatic choice for an array of `size` bytes, with /dev/shm as it is now."""
    room = segments.room()
    given = replace(given, shm_size=room.size, shm_free=room.free)
    needed = f"the {mebibytes(size)} to allocate and a reserve of {mebibytes(given.shm_reserve)}"
    if room.size and room.free > size + given.shm_reserve:
        return replace(given, backend="shm", why=f"/dev/shm has more free than {needed}")
    backend, why = _without_shm(given)
    if backend == "shm":
        _logger.warning("shared arrays that do not fit into /dev/shm will be errors: %s", why)
    return replace(given, backend=backend, why=f"/dev/shm has no more free than {needed}, and {why}")


def _without_shm(given: BackendChoice) -> tuple[str, str]:
    """Return the backend for arrays that have no room in /dev/shm, and why."""
    if given.start_method == "fork":
        return "mmap", "forked workers inherit mappings"
    if given.memfd:
        return "memfd", f"workers started by {given.start_method} can be handed memory files"
    return "shm", f"workers started by {given.start_method} could see nothing else without memory files"
