"""The plan of a chunked target."""

import numpy as np
import pytest
from hypothesis import given

from gridr_dask.geometry import Boundary, Window
from gridr_dask.plan import Chunking, ChunkPlan, plan_chunks
from gridr_dask.plan.chunks import spans_of
from tests.scenes import cuts, kernel_named
from tests.strategies import seeds


def test_spans_stand_side_by_side():
    assert spans_of((3, 2, 0, 1)) == ((0, 3), (3, 5), (5, 5), (5, 6))
    assert spans_of((3, 2), start=10) == ((10, 13), (13, 15))
    assert spans_of(()) == ()


def plan_of(windows, shape):
    windows = np.array(windows, np.int64)
    target = Chunking(*(tuple((i, i + 1) for i in range(n)) for n in windows.shape[:2]))
    return ChunkPlan(target, kernel_named("linear"), Boundary(), tuple(shape), windows)


@given(seeds)
def test_the_blocks_of_a_chunk_are_those_that_its_window_meets(seed):
    rng = np.random.default_rng(seed)
    shape = [int(n) for n in rng.integers(1, 30, 2)]
    source = Chunking.from_sizes(*(cuts(rng, n) for n in shape))
    ends = [np.sort(rng.choice(n + 1, 2, replace=False)) for n in shape]
    found = plan_of([[np.concatenate(ends)]], shape).source_blocks(0, 0, source)
    for blocks, (first, last), spans in zip(found, ends, (source.rows, source.cols), strict=True):
        met = [k for k, (start, stop) in enumerate(spans) if start < last and first < stop]
        assert list(blocks) == met


def test_a_chunk_without_source_sees_none():
    plan = plan_of([[[0, 0, 0, 0]], [[0, 3, 1, 2]]], (4, 4))
    assert [plan.sees_source(i, 0) for i in (0, 1)] == [False, True]


def test_empty_source_chunks_are_stepped_over():
    source = Chunking.from_sizes((2, 0, 2), (1,))
    rows, cols = plan_of([[[0, 4, 0, 1]]], (4, 1)).source_blocks(0, 0, source)
    assert {0, 2} <= set(rows)
    assert list(cols) == [0]


@pytest.fixture
def plan():
    bounds = np.array([[[0, 4, 0, 4], [0, 4, 50, 60]], [[3.5, 9, 0, 4], [2, 3, 2, 3]]], float)
    target = Chunking(((7, 9), (9, 10)), ((0, 5), (5, 6)))
    return plan_chunks(bounds, target, kernel_named("linear"), Boundary(), (10, 10))


def test_a_plan_places_its_chunks(plan):
    assert plan.window(1, 0) == Window((9, 10), (0, 5))


def test_the_summary_counts_what_is_read(plan):
    source = Chunking.from_sizes((5, 5), (5, 5))
    read = [
        np.prod([len(numbers) for numbers in plan.source_blocks(i, j, source)])
        for i, j in np.ndindex(2, 2)
        if plan.sees_source(i, j)
    ]
    assert not plan.sees_source(0, 1)
    summary = plan.summary(source)
    assert "4 target chunks, 1 of them without source" in summary
    assert f"read {sum(read)} source blocks (4 exist)" in summary
