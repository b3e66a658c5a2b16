"""The plan of a chunked target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask.geometry import Boundary, Window
from gridr_dask.plan import Chunking, ChunkPlan, plan_chunks
from gridr_dask.plan.chunks import spans_of
from tests import oracles
from tests.drawn import cuts
from tests.scenes import BOUNDARIES, KERNELS, kernel_named
from tests.strategies import seeds

ONE = Chunking(((0, 1),), ((0, 1),))


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


def holding(numbers, size, boundary, sizes):
    """The chunks that hold the samples of numbers, which may lie past the ends, on an axis of a size."""
    padding = max([0, -min(numbers), max(numbers) - size + 1])
    mode = None if boundary.mode == "none" else boundary.mode
    line = oracles.pad(np.arange(size), padding, mode, -1)
    of = np.repeat(np.arange(len(sizes)), sizes)
    return sorted({int(of[k]) for k in line[np.asarray(numbers) + padding] if k >= 0})


@given(
    kernel=st.sampled_from(KERNELS),
    boundary=st.sampled_from(BOUNDARIES),
    size=st.integers(1, 500),
    seed=seeds,
)
def test_a_chunk_reads_the_blocks_that_its_boundary_continues_and_no_others(kernel, boundary, size, seed):
    rng = np.random.default_rng(seed)
    kernel = kernel_named(kernel)
    start, stop = kernel.domain(size, boundary)
    if start >= stop:
        return
    taps = np.sort(rng.choice(np.arange(start, stop + 1), 2, replace=False)).tolist()
    sizes = cuts(rng, size)
    plan = ChunkPlan(ONE, kernel, boundary, (size, 1), np.array([[[*taps, 0, 1]]]))
    found = plan.source_blocks(0, 0, Chunking.from_sizes(sizes, (1,)))[0]
    needed = holding(range(*kernel.reads(tuple(taps), 0, size)), size, boundary, sizes)
    # Where there are zeros only, one block says how many bands there are.
    assert list(found) == needed or (not needed and len(found) == 1)


@given(boundary=st.sampled_from(BOUNDARIES), size=st.integers(1, 90), seed=seeds)
def test_a_chunk_reads_the_mask_as_far_as_its_influence(boundary, size, seed):
    rng = np.random.default_rng(seed)
    kernel = kernel_named("bspline5")
    start, stop = kernel.domain(size, boundary)
    if start >= stop:
        return
    taps = np.sort(rng.choice(np.arange(start, stop + 1), 2, replace=False)).tolist()
    sizes = cuts(rng, size)
    plan = ChunkPlan(ONE, kernel, boundary, (size, 1), np.array([[[*taps, 0, 1]]]))
    found = plan.mask_blocks(0, 0, Chunking.from_sizes(sizes, (1,)))[0]
    needed = holding(range(taps[0] - 8, taps[1] + 8), size, boundary, sizes)
    assert list(found) == needed or (not needed and len(found) == 1)


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


@given(
    kernel=st.sampled_from(KERNELS),
    boundary=st.sampled_from(BOUNDARIES),
    size=st.integers(1, 500),
    of_mask=st.booleans(),
    seed=seeds,
)
def test_extents_are_the_sums_of_the_blocks_that_are_read(kernel, boundary, size, of_mask, seed):
    rng = np.random.default_rng(seed)
    kernel = kernel_named(kernel)
    start, stop = kernel.domain(size, boundary)
    if start >= stop:
        return
    taps = np.sort([rng.choice(np.arange(start, stop + 1), 2, replace=False) for _ in range(4)], axis=1)
    windows = np.zeros((5, 1, 4), np.int64)
    windows[:4, 0, :2], windows[:4, 0, 3] = taps, 1
    blocks = Chunking.from_sizes(cuts(rng, size), (1,))
    target = Chunking.from_sizes((1,) * 5, (1,))
    plan = ChunkPlan(target, kernel, boundary, (size, 1), windows)
    rows, cols = plan.extents(blocks, of_mask=of_mask)
    read = plan.mask_blocks if of_mask else plan.source_blocks
    heights, _ = blocks.sizes
    assert rows[:, 0].tolist() == [*(heights[read(i, 0, blocks)[0]].sum() for i in range(4)), 0]
    assert cols[:, 0].tolist() == [1, 1, 1, 1, 0]
    if not of_mask:
        assert set(np.flatnonzero(plan.touched(blocks)[:, 0])) == {
            k for i in range(4) for k in read(i, 0, blocks)[0]
        }
