"""Lazy equals eager: dask's threads and a cluster of processes give the bits of one numpy call."""

from itertools import cycle, islice

import dask
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from tests.drawn import STYLES, VALIDITIES, chunkings, make_scene, single_pixels
from tests.pairwise import pairwise
from tests.scenes import BOUNDARIES, COMPUTED, COPIED, KERNELS, Scene, to_bytes
from tests.strategies import scenes, seeds

READINGS = (None, "direct", "direct", "blocks")
"""Of a dask array, and two ways to read what is opened only."""

FACTORS = {
    "resolution": [(1, 1), (2, 3), (10, 10)],
    "holes": [False, True],
    "part": [False, True],
    "grid_dtype": ["f4", "f8"],
    "leading": [(), (2,), (2, 3)],
    "style": STYLES,
    "origin": [(0, 0), (7, -3)],
    "boundary": BOUNDARIES,
    "validity": VALIDITIES,
}


def assert_lazy_equals_eager(scene: Scene, seed: int, scheduler, count: int, most: int = 60) -> None:
    rng = np.random.default_rng(seed)
    lazy = [
        scene.lazily(source_cuts, target_cuts, lazy_grid=bool(i % 2), turned=i % 3 == 1, reading=reading)
        for i, (source_cuts, target_cuts, reading) in enumerate(
            zip(
                chunkings(rng, scene.shape, count, most),
                chunkings(rng, scene.window.shape, count, most),
                islice(cycle(READINGS), count),
                strict=True,
            )
        )
    ]
    whole = to_bytes(scene.whole())
    for pair in dask.compute(lazy, scheduler=scheduler)[0]:
        assert to_bytes(pair) == whole


@pairwise(kernel=KERNELS, dtype=COMPUTED, **FACTORS)
def test_dask_threads_give_the_bits_of_numpy(case):
    assert_lazy_equals_eager(make_scene(**case, seed=21), 22, "threads", 5)


@pairwise(dtype=COPIED, **FACTORS)
def test_dask_threads_copy_any_type(case):
    assert_lazy_equals_eager(make_scene(kernel="nearest", **case, seed=23), 24, "threads", 5)


@settings(max_examples=max(10, settings.default.max_examples // 4))
@given(scene=scenes(), seed=seeds)
def test_dask_threads_give_the_bits_of_numpy_for_any_scene(isa, scene, seed):
    assert_lazy_equals_eager(scene, seed, "threads", 5, most=30)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_dask_chunks_of_single_pixels_give_the_bits_of_numpy(kernel, dtype):
    scene = make_scene(kernel=kernel, dtype=dtype, resolution=(2, 3), small=True, seed=25)
    lazy = scene.lazily(single_pixels(scene.shape), single_pixels(scene.window.shape))
    assert to_bytes(dask.compute(*lazy, scheduler="threads")) == to_bytes(scene.whole())


@pytest.mark.distributed
@pairwise(
    kernel=["nearest", "linear", "cubic", "bspline5"],
    dtype=["u1", "i4", "f4", "c8"],
    resolution=[(1, 1), (2, 3)],
    holes=[False, True],
    part=[False, True],
    validity=["all", "mask", "nan"],
)
def test_worker_processes_give_the_bits_of_numpy(client, case):
    scene = make_scene(**case, leading=(2,), seed=26)
    assert_lazy_equals_eager(scene, 27, client, 3, most=9)


@pytest.mark.distributed
@settings(
    max_examples=max(5, settings.default.max_examples // 20),
    # Shrinking would run for minutes.
    phases=[phase for phase in settings.default.phases if phase != Phase.shrink],
)
@given(scene=scenes(leading=()), seed=seeds)
def test_worker_processes_give_the_bits_of_numpy_for_any_scene(client, isa, scene, seed):
    # The workers run on their best instruction set, this process on `isa`.
    assert_lazy_equals_eager(scene, seed, client, 2, most=9)
