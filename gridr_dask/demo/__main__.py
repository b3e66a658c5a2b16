"""Command line of the demo: finds or starts a cluster, runs the parts, says where everything is."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gridr_dask import __version__
from gridr_dask.compute import isa
from gridr_dask.demo.report import Outcome

_NEEDED = ("rioxarray", "matplotlib", "earthpy", "skimage")
_MIN_SIZE = 256


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the three parts of the demo, on a cluster of two worker processes if none is named.

    Raises
    ------
    SystemExit
        If bytes differ, or a library of the demo is not installed.
    """
    options = _parse(arguments)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(
            f"the demo needs {', '.join(missing)}: pip install 'gridr-dask[demo]', or make build"
        )
    start = time.perf_counter()
    if options.scheduler is not None:
        options.output = options.output.resolve()  # workers have another working directory
    options.output.mkdir(parents=True, exist_ok=True)
    outcomes = _run(options.output, options.size, options.scheduler)
    print(f"\nEvery byte agrees. {time.perf_counter() - start:.0f} s in all. What was made:\n")
    width = max(len(str(path)) for outcome in outcomes for path in outcome.files)
    for outcome in outcomes:
        for path, what in outcome.files.items():
            print(f"  {path!s:<{width}}  {what}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m gridr_dask.demo",
        description="Resample real images on a small dask cluster, and compare the bytes with "
        "those of the same resampling in one piece.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="where pictures and zarr stores go (default: %(default)s)",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=8192,
        metavar="PIXELS",
        help="rows and columns of the generated scene (default: %(default)s)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a cluster to run on, such as tcp://127.0.0.1:8786, whose workers see DIR under the same path; "
        "by default one is started",
    )
    options = parser.parse_args(arguments)
    if options.size < _MIN_SIZE:
        parser.error(f"--size {options.size}: at least {_MIN_SIZE}")
    return options


def _run(output: Path, size: int, scheduler: str | None) -> list[Outcome]:
    """Run the parts on a cluster. What they import is known to be there by now."""
    from gridr_dask.demo import mountains, scene, stereo

    with _connect(scheduler) as client:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        threads = sum(worker["nthreads"] for worker in workers)
        print(
            f"gridr_dask {__version__} on {len(workers)} worker processes, {threads} threads, {isa.chosen()}"
        )
        return [
            mountains.run(output),
            stereo.run(output),
            scene.run(output, size, client),
        ]


@contextmanager
def _connect(scheduler: str | None) -> Iterator[Any]:
    """Yield a client of the cluster that is named, or of one that is started and stopped."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        with Client(scheduler) as client:
            client.wait_for_workers(1, timeout=60)
            yield client
        return
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            memory_limit="2GiB",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


if __name__ == "__main__":
    main()
