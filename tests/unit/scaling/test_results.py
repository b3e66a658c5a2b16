"""Results of tasks: which are made in blocks, and that they belong to their task alone."""

import os
import threading

import pytest

from gridr_dask.scaling import handles, memfd, results
from gridr_dask.scaling.blocks import Limits, is_untouched
from tests.processes import in_child
from tests.unit.scaling.pools import filled, want


@pytest.fixture
def place(pool):
    results.provide(pool)
    yield pool
    results.provide(None)


def result(value=0):
    array = results.empty((100_000,), "u1")
    array[:] = filled() + value
    return results.finish(array)


def test_results_are_made_in_blocks_while_half_of_them_are_asked_for(place):
    ordinary = result()
    assert place.block_of(ordinary) is None
    place.ask(filled())
    assert not place.wanted
    place.ask(ordinary)
    assert place.wanted
    born = result(1)
    assert born.tobytes() == (filled() + 1).tobytes()
    assert is_untouched(place.block_of(born)[1])
    others = [result(2), result(3)]
    assert [place.block_of(each) is not None for each in others] == [True, False]
    for _ in range(2):
        place.ask(ordinary)
        place.ask(born)
    assert place.wanted
    for _ in range(100):
        result()
    assert not place.wanted
    for _ in range(100):
        place.ask(result())
    assert place.wanted


def test_a_finished_result_is_the_task_s_alone(place):
    place.ask(result())
    finished = result()
    block, _ = place.block_of(finished)
    finished[3] = 0
    assert os.pread(block.descriptor, 5, 0) == bytes(range(5))


def test_results_without_a_place_are_numpys():
    array = results.empty((3,), "u1")
    assert array.base is None
    assert results.finish(array) is array


def test_a_forked_child_has_ordinary_memory_and_no_pool(place):
    want(place)
    handles.receive_into(place)
    held, over = threading.Event(), threading.Event()

    def hold():
        with place._lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        content, place_of_child, pool_of_child = in_child("fork", _in_forked)
    finally:
        over.set()
        thread.join()
        handles.receive_into(None)
    assert content == filled().tobytes()
    assert (place_of_child, pool_of_child) == (None, None)
    assert place.block_of(result()) is not None  # the parent goes on


def _in_forked():
    return result().tobytes(), results._place, handles._pool


def test_small_results_are_ordinary(place):
    want(place)
    place.limits = Limits(10, 64, 1 << 20)
    assert place.block_of(results.empty((9,), "u1")) is None
    assert place.block_of(results.empty((10,), "u1")) is not None


def test_a_result_that_cannot_be_sealed_is_ordinary(place, monkeypatch):
    want(place)
    array = results.empty((100_000,), "u1")
    array[:] = filled()

    def refuse(*_):
        raise OSError(22, "invalid argument")

    monkeypatch.setattr(memfd, "seal", refuse)
    finished = results.finish(array)
    assert finished.tobytes() == filled().tobytes()
    assert place.block_of(finished) is None
