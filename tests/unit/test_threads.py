"""How many threads run unless a caller says."""

import os
import threading

import numpy as np
import pytest

from gridr_dask.compute.threads import default_threads
from tests.drawn import make_scene
from tests.scenes import to_bytes


def test_the_main_thread_uses_the_cores_of_the_process():
    assert default_threads() == len(os.sched_getaffinity(0))


def test_any_other_thread_uses_one():
    found = []
    thread = threading.Thread(target=lambda: found.append(default_threads()))
    thread.start()
    thread.join()
    assert found == [1]


@pytest.mark.parametrize("threads", [0, 1, 2, 3, 64])
def test_any_number_of_threads_gives_the_same_bits(threads):
    scene = make_scene(kernel="cubic", dtype="f4", leading=(2,), resolution=(40, 40), seed=1)
    assert np.prod(scene.window.shape) > 64 * 64
    assert to_bytes(scene.whole(threads=threads)) == to_bytes(scene.whole())
