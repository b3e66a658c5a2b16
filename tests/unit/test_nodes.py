"""The grid side of a graph: extents and pieces of a grid, numpy or dask."""

import dask
import dask.array as da
import numpy as np
import pytest
from dask._task_spec import DataNode
from hypothesis import given

from gridr_dask.geometry import Grid, Window
from gridr_dask.graph.nodes import bounds_of_chunks, node_layer
from gridr_dask.graph.tasks import gather_nodes
from gridr_dask.plan import node_bounds
from tests.scenes import cuts
from tests.strategies import seeds


def random_grid(rng):
    shape = tuple(int(n) for n in rng.integers(1, 12, 2))
    rows, cols = rng.normal(size=(2, *shape))
    rows[rng.random(shape) < 0.2] = np.nan
    return rows, cols


def spans(rng, size):
    starts = np.sort(rng.integers(0, size, rng.integers(1, 5)))
    return [(int(a), int(rng.integers(a + 1, size + 1))) for a in starts]


@given(seeds)
def test_a_dask_grid_has_the_extents_of_the_same_numpy_grid(seed):
    rng = np.random.default_rng(seed)
    rows, cols = random_grid(rng)
    windows = spans(rng, rows.shape[0]), spans(rng, rows.shape[1])
    chunks = cuts(rng, rows.shape[0]), cuts(rng, rows.shape[1])
    lazy = da.from_array(rows, chunks), da.from_array(cols, chunks)
    with dask.config.set(scheduler="synchronous"):
        found = bounds_of_chunks(*lazy, *windows)
    np.testing.assert_array_equal(found, node_bounds(rows, cols, *windows))


def test_the_extents_of_a_numpy_grid_need_no_dask():
    rows = np.arange(12.0).reshape(3, 4)
    bounds = bounds_of_chunks(rows, rows, [(0, 3)], [(1, 2)])
    assert bounds.tolist() == [[[1, 9, 1, 9]]]


@given(seeds)
def test_pieces_of_a_dask_grid_are_pieces_of_the_same_numpy_grid(seed):
    rng = np.random.default_rng(seed)
    rows, cols = random_grid(rng)
    chunks = cuts(rng, rows.shape[0]), cuts(rng, rows.shape[1])
    lazy = da.from_array(rows, chunks), da.from_array(cols, chunks)
    grid = Grid(rows.shape)
    windows = {
        (i, j): Window(r, c)
        for i, r in enumerate(spans(rng, rows.shape[0]))
        for j, c in enumerate(spans(rng, rows.shape[1]))
    }
    layer = node_layer("nodes", *lazy, grid, windows)
    assert layer.keys() == {("nodes", *key) for key in windows}
    graph = dict(lazy[0].dask) | dict(lazy[1].dask) | layer
    for key, window in windows.items():
        found = dask.get(graph, ("nodes", *key))
        np.testing.assert_array_equal(found.rows, rows[window.slices])
        np.testing.assert_array_equal(found.cols, cols[window.slices])
        assert found.first == (window.rows[0], window.cols[0])
        assert found.resolution == grid.resolution


def test_a_numpy_grid_is_cut_into_data_keys():
    rows = np.arange(12.0).reshape(3, 4)
    layer = node_layer("nodes", rows, -rows, Grid((3, 4)), {(2, 5): Window((1, 3), (0, 2))})
    node = layer[("nodes", 2, 5)]
    assert isinstance(node, DataNode)
    np.testing.assert_array_equal(node.value.rows, [[4, 5], [8, 9]])
    np.testing.assert_array_equal(node.value.cols, [[-4, -5], [-8, -9]])


@pytest.mark.parametrize("count", [1, 2])
def test_nodes_are_gathered_from_blocks_that_lie_side_by_side(count):
    rows = np.arange(20.0).reshape(4, 5)
    blocks = [rows] if count == 1 else [rows[:2, :3], rows[:2, 3:], rows[2:, :3], rows[2:, 3:]]
    negative = [-block for block in blocks]
    window = Window((11, 13), (22, 24))
    nodes = gather_nodes(window, (10, 20), (1, 1), (count, count), *blocks, *negative)
    np.testing.assert_array_equal(nodes.rows, rows[1:3, 2:4])
    np.testing.assert_array_equal(nodes.cols, -rows[1:3, 2:4])
    assert nodes.first == (11, 22)
