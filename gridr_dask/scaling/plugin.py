"""The plugin of dask's workers by which they hand blocks over."""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributed import Worker, WorkerPlugin
from distributed.system import MEMORY_LIMIT

from gridr_dask import settings
from gridr_dask.scaling import hooks, memfd
from gridr_dask.scaling.blocks import Limits
from gridr_dask.scaling.buffers import mebibytes
from gridr_dask.scaling.handover import Handover

__all__ = ["SharedMemoryPlugin", "State", "explain", "state_of"]

_logger = logging.getLogger(__name__)
_DESCRIPTORS = 1024
"""At most; a worker needs them for files and connections too."""
_NAME = "gridr-shared-memory"

_active: Handover | None = None
"""Of this process: serializers are those of the process, not of one worker."""


@dataclass(frozen=True, slots=True)
class State:
    """Whether blocks are handed over; printed, it reads as a sentence.

    Attributes
    ----------
    active : bool
        Whether they are.
    why : str
        What was done if they are, and the reason if they are not; for people.
    """

    active: bool
    why: str

    def __str__(self) -> str:
        return f"{'on' if self.active else 'off'}: {self.why}"


class SharedMemoryPlugin(WorkerPlugin):
    """Lets the workers of one host hand large arrays over without copying them.

    Workers are processes, and send each other's blocks through TCP, even on one host. With this plugin, an
    array of some size lies in a memory file that the other workers of the host map: the host holds it once.
    Whoever writes into it in place sees that alone. Values stay the same. Other hosts, clients and the disk
    get bytes.

    Where it can't work it does nothing: `explain`, run on the workers, says why.

    Parameters
    ----------
    threshold : int or str, optional
        Bytes from which on an array is handed over; by default ``gridr.shared.threshold`` of dask's
        configuration here, which is 1 MiB.
    fraction : float, optional
        Which part of its memory limit a worker may put into memory files; beyond it, arrays are sent as
        bytes. By default ``gridr.shared.fraction``, which is 0.3. With 0, nothing is handed over. A worker
        without a limit (``memory_limit=0``) takes the memory of the host for it, and so does each other one
        there: give ``fraction`` divided by their number.

    Raises
    ------
    InvalidInputError
        If one of them is no such number.

    Examples
    --------
    >>> from distributed import Client
    >>> from gridr_dask.scaling import SharedMemoryPlugin, explain
    >>> with Client(processes=False, n_workers=1, dashboard_address=None) as client:
    ...     _ = client.register_plugin(SharedMemoryPlugin())
    ...     print(*client.run(explain).values())
    off: workers are threads of one process, which share their memory
    """

    name = _NAME
    idempotent = True

    def __init__(self, threshold: int | str | None = None, fraction: float | None = None) -> None:
        self.threshold = settings.shared_threshold(threshold)
        self.fraction = settings.shared_fraction(fraction)
        self.handover: Handover | None = None
        self._off: str | None = "not registered at a worker"

    def setup(self, worker: Worker) -> None:
        """Begin to hand over, or say once in the log why not."""
        global _active
        self._off = self._reason_against() or _reason_against(worker)
        if self._off is None:
            try:
                self.handover = _active = Handover(worker, self._limits(worker))
            except (OSError, RuntimeError) as error:
                self._off = f"its broker could not be started: {error}"
        if self._off is not None:
            _logger.warning("blocks are not handed over: %s", self._off)

    def teardown(self, worker: Worker) -> None:
        """Put everything back."""
        global _active
        if self.handover is not None:
            self.handover.close()
            self.handover = _active = None
        self._off = "taken off the worker"

    def explain(self) -> str:
        """Return whether blocks are handed over, and if not, why.

        At a client, where the plugin was made, that is said of its own system.
        """
        return str(self.state)

    @property
    def state(self) -> State:
        """What `explain` says, for programs."""
        found = self.handover
        if found is None:
            return State(False, self._reason_against() or self._off or "")
        if not found.broker.running:
            return State(False, "the socket of its broker was closed")
        counts, pool = found.counts, found.pool
        return State(
            True,
            f"{len(found.proven)} workers of this host are proven; {counts.handed} arrays handed over, "
            f"{counts.moved} of them copied into memory files first, {counts.refused} sent as bytes for want "
            f"of room; {len(pool)} memory files in use, {mebibytes(pool.size)} of them made here",
        )

    def _reason_against(self) -> str | None:
        if sys.platform != "linux":
            return f"memory files are Linux's, and this is {sys.platform}"
        if not memfd.can_seal():
            return "this system makes no memory files that can be sealed, as Linux does from 5.1 on"
        if self.fraction == 0:
            return "fraction is 0, by the argument or by gridr.shared.fraction"
        return None

    def _limits(self, worker: Worker) -> Limits:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        memory = worker.memory_manager.memory_limit or MEMORY_LIMIT
        return Limits(self.threshold, min(_DESCRIPTORS, descriptors // 4), int(self.fraction * memory))

    def __reduce__(self) -> tuple[Callable[..., SharedMemoryPlugin], tuple[Any, ...]]:
        return type(self), (self.threshold, self.fraction)


def explain(dask_worker: Worker) -> str:
    """Return whether a worker hands blocks over, and if not, why; for ``client.run``."""
    return str(state_of(dask_worker))


def state_of(dask_worker: Worker) -> State:
    """Return what `explain` says, for programs; for ``client.run``."""
    plugin: Any = dask_worker.plugins.get(_NAME)
    if plugin is None:
        return State(False, "the plugin is not registered")
    state: State = plugin.state
    return state


def _reason_against(worker: Worker) -> str | None:
    if worker.address.startswith("inproc"):
        return "workers are threads of one process, which share their memory"
    if _active is not None:
        return "another worker of this process hands over already"
    unknown = hooks.unknown(worker)
    if unknown is not None:
        return f"this release of distributed is not known. Expected: {unknown}"
    return None
