"""The examination of a cluster: its versions, its workers, and whether they hand blocks over."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from distributed import Client

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
        Seconds to wait for it.
    """
    try:
        with warnings.catch_warnings():
            # Of versions, about which more is said below.
            warnings.simplefilter("ignore")
            client = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        return [wrong("scheduler", f"{address} does not answer within {timeout:g} s: {error}")]
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        threads = sum(worker["nthreads"] for worker in workers.values())
        how = ok if workers else wrong
        findings = [how("scheduler", f"{address} has {len(workers)} workers and {threads} threads")]
        findings += _versions(client)
        findings += _processes(client)
        findings += _handover(client)
    return findings


def _versions(client: Client) -> Iterator[Finding]:
    """Compare the versions of the packages that client, scheduler and workers must share."""
    found: Any = client.get_versions(packages=list(_SAME))
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


def _processes(client: Client) -> Iterator[Finding]:
    """Examine each worker as this process was examined."""
    results = client.run(examine_process, on_error="return")
    where: dict[Finding, list[str]] = defaultdict(list)
    for worker, result in results.items():
        if isinstance(result, Exception):
            result = [wrong("gridr_dask", f"cannot be examined: {result!r}")]
        for finding in result:
            where[finding].append(worker)
    for finding, of in where.items():
        who = "all workers" if len(of) == len(results) else ", ".join(of)
        yield Finding(finding.level, finding.topic, f"{who}: {finding.text}")


def _handover(client: Client) -> Iterator[Finding]:
    """Say of each worker whether it hands blocks over to others of its host."""
    states = client.run(explain, on_error="return")
    of_host = Counter(urlsplit(worker).hostname for worker in states)
    for worker, state in states.items():
        if isinstance(state, Exception):
            yield wrong("hand-over", f"{worker} cannot be asked: {state!r}")
        elif state.startswith("on") or of_host[urlsplit(worker).hostname] == 1:
            yield ok("hand-over", f"{worker}: {state}")
        else:
            yield note("hand-over", f"{worker} copies blocks to others of its host: {state}")
