"""What a worker runs."""

import pickle

import numpy as np
import pytest

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Window
from gridr_dask.graph.tasks import ChunkTask, fill_chunk, resample_chunk
from tests.scenes import resampling


def task(fill, with_valid, target=None):
    common = resampling(source_shape=(4, 5), fill=fill, with_valid=with_valid)
    return ChunkTask(common, target or Window((0, 2), (0, 3)), ((0, 4),), ((0, 5),))


@pytest.mark.parametrize(
    "fill", [np.float32(np.nan), np.uint8(9), np.complex64(1j), np.float64(-1)], ids=repr
)
def test_an_empty_chunk_looks_like_a_full_one(fill):
    source = np.ones((2, 4, 5), "c8" if fill.dtype.kind == "c" else "f4")
    outside = Nodes(np.full((2, 3), -9.0), np.zeros((2, 3)))
    computed = resample_chunk(task(fill, True), outside, source)
    filled = fill_chunk(task(fill, True), (2, 2, 3), source.dtype)
    for one, other in zip(computed, filled, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)


def test_without_validity_a_task_returns_one_array():
    nodes = Nodes(*np.mgrid[0:2.0, 0:3.0])
    result = resample_chunk(task(np.float64(0), False), nodes, np.ones((4, 5)))
    np.testing.assert_array_equal(result, np.ones((2, 3)))
    assert fill_chunk(task(np.float64(5), False), (2, 3), np.dtype("f8")).tolist() == [[5.0] * 3] * 2


def test_a_task_is_small_on_the_wire():
    assert len(pickle.dumps(task(np.float32(0), True))) < 1000
    assert pickle.loads(pickle.dumps(task(np.float32(0), True))) == task(np.float32(0), True)
