"""The examination of this process, and of the machine or the container that it runs in."""

from __future__ import annotations

import platform
import resource
from collections.abc import Callable, Iterator
from importlib.metadata import version

from dask.system import CPU_COUNT
from dask.utils import format_bytes

from gridr_dask import settings
from gridr_dask.compute import isa
from gridr_dask.doctor.findings import Finding, note, ok, wrong
from gridr_dask.errors import GridrError
from gridr_dask.scaling import SharedArray, explain_backend, remove_orphans

__all__ = ["examine_process"]

_FEW_DESCRIPTORS = 4096
_PROBE = 4096
_OF_CALLS = "memory"


def examine_process(*, calls: bool = True) -> list[Finding]:
    """Return what there is to say of this process; removes segments of processes that have died.

    With `calls`, also of what is read where calls are made, and not on workers.
    """
    findings: list[Finding] = []
    for topic, examination in _EXAMINATIONS.items():
        if topic == _OF_CALLS and not calls:
            continue
        try:
            findings += examination(topic)
        except (GridrError, OSError) as error:
            findings.append(wrong(topic, str(error)))
    return findings


def _versions(topic: str) -> Iterator[Finding]:
    packages = f"{version('gridr-dask')}, dask {version('dask')}"
    yield ok(topic, f"{packages}, Python {platform.python_version()}, {platform.platform()}")


def _engine(topic: str) -> Iterator[Finding]:
    from gridr_dask import _core  # noqa: TID251 - a report on the engine itself

    available, chosen = isa.available(), isa.chosen()
    can = f"the CPU can run {', '.join(available)}"
    if chosen not in available:
        yield wrong(topic, f"{isa.VARIABLE}={chosen}, but {can}: unset it, or name one of these")
    elif chosen != available[-1]:
        yield note(topic, f"runs on {chosen}, since {isa.VARIABLE} says so; {can}")
    else:
        yield ok(topic, f"runs on {chosen}; {can}")
    if _core.DEBUG:
        yield note(topic, "is a debug build, and slow")


def _memory(topic: str) -> Iterator[Finding]:
    from distributed.system import MEMORY_LIMIT

    task = settings.task_memory()
    text = (
        f"{format_bytes(MEMORY_LIMIT)} and {CPU_COUNT} cores for this process; "
        f"gridr.task-memory is {format_bytes(task)}"
    )
    if task * CPU_COUNT > MEMORY_LIMIT:
        yield note(topic, f"{text}: as many such tasks as there are cores don't fit; set a lower one")
    else:
        yield ok(topic, text)


def _shared_arrays(topic: str) -> Iterator[Finding]:
    choice = explain_backend()
    if choice.ignored is not None:
        yield wrong(topic, choice.ignored)
    with SharedArray((_PROBE,), "uint8", SharedArray.build_name("doctor")) as probe:
        assert probe.array is not None
        probe.array[:] = 1
    yield ok(topic, str(choice))


def _descriptors(topic: str) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft} may be open, {'any number' if hard == resource.RLIM_INFINITY else hard} at most"
    if soft < _FEW_DESCRIPTORS:
        yield note(
            topic, f"{text}, of which shared blocks may be a quarter; ulimit -n or LimitNOFILE= raise it"
        )
    else:
        yield ok(topic, text)


def _left_over(topic: str) -> Iterator[Finding]:
    if removed := remove_orphans():
        said = f"{len(removed)} segments of dead processes, now removed from /dev/shm"
        yield note(topic, f"{said}: {', '.join(removed)}")
    else:
        yield ok(topic, "no segment of a dead process in /dev/shm")


_EXAMINATIONS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "gridr_dask": _versions,
    "engine": _engine,
    _OF_CALLS: _memory,
    "shared arrays": _shared_arrays,
    "descriptors": _descriptors,
    "left over": _left_over,
}
