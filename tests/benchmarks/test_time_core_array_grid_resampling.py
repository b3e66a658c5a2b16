"""Time of `array_grid_resampling` and of what other libraries have for the same, side by side.

    pytest tests/benchmarks --benchmark-enable

Libraries that are not installed, or can't do a case, have no benchmark of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import peers
from tests.benchmarks.measure import Call
from tests.benchmarks.peers import LOCAL, SPLINES, Task
from tests.benchmarks.scene import Scene

MAKERS = {"gridr_dask": peers.ours, **peers.PEERS}
CASES = [(kernel, "f64", resolution) for resolution in (1, 10) for kernel in LOCAL + SPLINES]
CASES += [(kernel, dtype, 1) for dtype in ("f32", "u16") for kernel in LOCAL]


def task_of(kernel: str, dtype: str, size: int, resolution: int = 1) -> Task:
    scene = Scene(size)
    grid = scene.grid(resolution, "f64" if dtype == "f64" else "f32")
    return Task(kernel, scene.image(dtype), *grid, (resolution, resolution))


def side_by_side() -> Iterator[Any]:
    """Yield the parameters of each case for each library that can do it, ours first."""
    for kernel, dtype, resolution in CASES:
        able, _ = peers.calls(task_of(kernel, dtype, 20, resolution))
        for library in ("gridr_dask", *able):
            name = f"{kernel}-{dtype}-grid{resolution}-{library}"
            yield pytest.param(kernel, dtype, resolution, library, id=name)


def measure(benchmark: Any, call: Call, size: int) -> Any:
    """Run a call often enough for a good minimum; once where nothing is measured."""
    rounds = max(5, 10_000_000 // size**2)
    return benchmark.pedantic(call.run, setup=call.before, rounds=rounds)


@pytest.mark.parametrize(("kernel", "dtype", "resolution", "library"), list(side_by_side()))
def test_time_kernel(
    benchmark: Any, kernel: str, dtype: str, resolution: int, library: str, size: int
) -> None:
    benchmark.group = f"{kernel} {dtype}, grid ({resolution},{resolution}), {size} x {size}"
    task = task_of(kernel, dtype, size, resolution)
    call = MAKERS[library](task)
    want = peers.ours(task).run()
    assert peers.difference(kernel, want, measure(benchmark, call, size)) <= call.tolerance


@pytest.mark.parametrize("mask", ["none", "border", "isolated"])
@pytest.mark.parametrize("kernel", LOCAL + SPLINES)
def test_time_mask(benchmark: Any, kernel: str, mask: str, size: int) -> None:
    benchmark.group = f"{kernel} f64 with a mask, {size} x {size}"
    valid = np.zeros((size, size), np.uint8)
    array_in_mask = Scene(size).masks().get(mask)
    call = peers.ours(task_of(kernel, "f64", size), array_in_mask=array_in_mask, array_out_mask=valid)
    measure(benchmark, call, size)
    assert valid.mean() > 0.8


@pytest.mark.parametrize("num_threads", [1, 2], ids=["1-thread", "2-threads"])
@pytest.mark.parametrize("kernel", ["cubic", "bspline5"])
def test_time_threads(benchmark: Any, kernel: str, num_threads: int, size: int) -> None:
    benchmark.group = f"{kernel} f64, threads, {size} x {size}"
    task = task_of(kernel, "f64", size)
    got = measure(benchmark, peers.ours(task, num_threads), size)
    np.testing.assert_array_equal(got, peers.ours(task).run())
