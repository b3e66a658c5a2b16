"""The examination of a cluster: its versions, its workers, and whether they hand blocks over."""

from __future__ import annotations

import asyncio
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from dask.utils import format_bytes
from distributed import Client

from gridr_dask import settings
from gridr_dask.doctor.findings import Finding, note, ok, wrong
from gridr_dask.doctor.process import examine_process
from gridr_dask.scaling import explain

__all__ = ["examine_cluster"]

# Graphs are pickled by one side and unpickled by the other; blocks have the layout of their package.
_SAME = ("gridr-dask", "dask", "distributed", "cloudpickle", "numpy", "xarray", "zarr", "python")


def examine_cluster(address: str, timeout: float) -> list[Finding]:
    """Return what there is to say of the cluster of a scheduler.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://127.0.0.1:8786``.
    timeout : float
        Seconds to wait for it, and for each answer.
    """
    try:
        with warnings.catch_warnings():
            # Of versions, about which more is said below.
            warnings.simplefilter("ignore")
            client = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        return [wrong("scheduler", f"{address} does not answer within {timeout:g} s: {error}")]
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        threads = sum(worker["nthreads"] for worker in workers.values())
        how = ok if workers else wrong
        findings = [how("scheduler", f"{address} has {len(workers)} workers and {threads} threads")]
        findings += _versions(client, timeout)
        findings += _memory(workers)
        findings += _processes(client, timeout)
        findings += _handover(client, timeout)
    return findings


def _versions(client: Client, timeout: float) -> Iterator[Finding]:
    """Ask for the versions of the packages that client, scheduler and workers must share."""
    try:
        found: Any = client.sync(_within, timeout, client.get_versions, packages=list(_SAME))
    except TimeoutError:
        yield wrong("versions", f"not all workers have told theirs within {timeout:g} s")
    else:
        yield from _compared(found)


def _compared(found: dict[str, Any]) -> Iterator[Finding]:
    """Compare the versions of client, scheduler and workers."""
    sides = {"client": found["client"], "scheduler": found["scheduler"], **found["workers"]}
    differ = False
    for package in _SAME:
        where: dict[str, list[str]] = defaultdict(list)
        for side, report in sides.items():
            where[_version(report, package)].append(side)
        if len(where) > 1:
            differ = True
            said = "; ".join(f"{number} at {', '.join(of)}" for number, of in where.items())
            yield wrong("versions", f"{package} is not the same everywhere: {said}")
    if not differ:
        yield ok("versions", f"{', '.join(_SAME)} are the same at client, scheduler and workers")


def _version(report: dict[str, Any] | None, package: str) -> str:
    number = (report or {}).get("packages", {}).get(package)
    if number is None:
        return "missing"
    # What is pickled differs between 3.11 and 3.12, not between 3.11.2 and 3.11.7.
    return ".".join(number.split(".")[:2]) if package == "python" else str(number)


def _memory(workers: dict[str, Any]) -> Iterator[Finding]:
    """Compare what the tasks of a call made here may hold with what each worker has."""
    task = settings.task_memory()
    for address, worker in workers.items():
        threads, limit = worker["nthreads"], worker["memory_limit"]
        if limit and task * threads > limit:
            yield note(
                "memory",
                f"{address} has {format_bytes(limit)} for {threads} threads: as many tasks of "
                f"gridr.task-memory, {format_bytes(task)} here, don't fit; set a lower one for the calls",
            )


def _run(client: Client, function: Callable[..., Any], timeout: float) -> dict[str, Any]:
    """Return what a function returns in each worker, or the error: a TimeoutError if the worker hangs."""
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    found = client.sync(_ask, client, function, workers, timeout)
    return {
        worker: each[worker] if isinstance(each, dict) else each
        for worker, each in zip(workers, found, strict=True)
    }


async def _ask(client: Client, function: Callable[..., Any], workers: list[str], timeout: float) -> list[Any]:
    asked = (
        _within(timeout, client.run, function, workers=[worker], on_error="return") for worker in workers
    )
    return await asyncio.gather(*asked, return_exceptions=True)


async def _within(timeout: float, ask: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Call a method of a client, which is awaited on the client's own thread."""
    return await asyncio.wait_for(ask(*arguments, **more), timeout)


def _processes(client: Client, timeout: float) -> Iterator[Finding]:
    """Examine each worker as this process was examined."""
    results = _run(client, partial(examine_process, calls=False), timeout)
    where: dict[Finding, list[str]] = defaultdict(list)
    for worker, result in results.items():
        if isinstance(result, Exception):
            result = [wrong("gridr_dask", f"cannot be examined: {result!r}")]
        for finding in result:
            where[finding].append(worker)
    for finding, of in where.items():
        who = "all workers" if len(of) == len(results) else ", ".join(of)
        yield Finding(finding.level, finding.topic, f"{who}: {finding.text}")


def _handover(client: Client, timeout: float) -> Iterator[Finding]:
    """Say of each worker whether it hands blocks over to others of its host."""
    states = _run(client, explain, timeout)
    of_host = Counter(urlsplit(worker).hostname for worker in states)
    for worker, state in states.items():
        if isinstance(state, Exception):
            yield wrong("hand-over", f"{worker} cannot be asked: {state!r}")
        elif state.startswith("on") or of_host[urlsplit(worker).hostname] == 1:
            yield ok("hand-over", f"{worker}: {state}")
        else:
            yield note("hand-over", f"{worker} copies blocks to others of its host: {state}")
