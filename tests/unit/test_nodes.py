"""The grid side of a graph: extents and pieces of a grid, numpy or dask."""

from itertools import product

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from dask._task_spec import DataNode
from hypothesis import given

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Grid, Window
from gridr_dask.graph import positions_of
from gridr_dask.graph.tasks import gather_nodes
from gridr_dask.plan import Chunking, node_bounds
from gridr_dask.plan.footprint import FAR, ROUNDING
from gridr_dask.positions.cells import upsampled
from tests.drawn import chunkings, cuts
from tests.strategies import seeds


def random_grid(rng):
    shape = tuple(int(n) for n in rng.integers(1, 12, 2))
    rows, cols = rng.normal(size=(2, *shape))
    rows[rng.random(shape) < 0.2] = np.nan
    return rows, cols


def target_of(rng, grid):
    """Some chunks of a target."""
    return Chunking.from_sizes(*(cuts(rng, n) for n in grid.target_shape))


@given(seeds)
def test_extents_of_a_dask_grid_hold_all_positions_and_no_more_than_whole_cells(seed):
    rng = np.random.default_rng(seed)
    rows, cols = random_grid(rng)
    grid = Grid(
        rows.shape, tuple(int(n) if size > 1 else 1 for n, size in zip((3, 2), rows.shape, strict=True))
    )
    target = target_of(rng, grid)
    chunks = cuts(rng, rows.shape[0]), cuts(rng, rows.shape[1])
    lazy = positions_of(da.from_array(rows, chunks), cols, grid)
    with dask.config.set(scheduler="synchronous"):
        found = lazy.bounds(target)
    expected = positions_of(rows, cols, grid).bounds(target)
    if grid.resolution == (1, 1):
        np.testing.assert_array_equal(found, expected)
    # Cells between two blocks count whole; and none counts for more.
    inward = np.array([1, -1, 1, -1])
    whole = node_bounds(rows, cols, *grid.nodes_of_chunks(target.rows, target.cols))
    assert (found * inward >= (whole * inward) - ROUNDING).all()
    for i, j in np.ndindex(target.shape):
        positions = np.stack(upsampled(Nodes(rows, cols, (0, 0), grid.resolution), target.window(i, j)))
        low = np.where(np.isfinite(positions).all(axis=0), positions, np.inf).min(axis=(1, 2))
        high = np.where(np.isfinite(positions).all(axis=0), positions, -np.inf).max(axis=(1, 2))
        assert (found[i, j, ::2] <= low).all()
        assert (found[i, j, 1::2] >= high).all()


def test_cells_within_the_blocks_of_a_dask_grid_are_cut_as_those_of_a_numpy_grid():
    rows = np.add.outer(np.arange(21.0), np.arange(21) / 3)
    grid, target = Grid((21, 21), (10, 10)), Chunking(((3, 47), (52, 88)), ((104, 105), (120, 188)))
    lazy = positions_of(da.from_array(rows, 10), rows, grid)
    expected = positions_of(rows, rows, grid).bounds(target)
    np.testing.assert_allclose(lazy.bounds(target), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("resolution", [(1, 1), (2, 2)], ids=str)
@pytest.mark.parametrize(
    "sizes", [((7, 0, 13), (20,)), ((0, 20), (9, 0, 11)), ((20, 0), (0, 0, 20))], ids=str
)
def test_a_dask_grid_may_have_empty_blocks(sizes, resolution):
    image = xr.DataArray(np.arange(900.0).reshape(30, 30), dims=("y", "x"))
    nodes = np.mgrid[:20, :20] * 1.3 + 0.3
    arguments = {"grid_resolution": resolution, "interp": "linear"}
    grid = tuple(da.from_array(part, chunks=20).rechunk(sizes) for part in nodes)
    lazy = image.gridr.resample(grid, chunks=8, **arguments)
    assert grid[0].chunks == sizes
    np.testing.assert_array_equal(lazy.values, image.gridr.resample(nodes, **arguments).values)


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
@pytest.mark.parametrize("sentinel", [1e20, -3e7])
@pytest.mark.parametrize("place", [(2, 40), (4, 29)], ids=str)
def test_a_plan_holds_what_the_engine_reads_with_a_far_node_in_one_block(sentinel, place, lazy):
    source = np.random.default_rng(0).random((64, 600))
    image = xr.DataArray(source, dims=("y", "x"))
    nodes = np.mgrid[:7, :60] * 10 + 0.25
    nodes[:, place[0], place[1] : place[1] + 2] = sentinel
    grid = tuple(da.from_array(part, chunks=(7, 30)) for part in nodes) if lazy else nodes
    arguments = {"interp": "bspline3", "grid_resolution": (10, 10)}
    expected = image.gridr.resample(nodes, **arguments)
    for chunks in ((61, 257), (13, 300)):
        # The engine raises CoverageError for a sample that the plan has left out.
        found = image.chunk(y=16, x=16).gridr.resample(grid, chunks=chunks, **arguments)
        assert found.values.tobytes() == expected.values.tobytes()


@given(seeds)
def test_chunks_with_far_nodes_are_bounded_by_whole_cells_in_numpy_and_dask_grids(seed):
    rng = np.random.default_rng(seed)
    nodes = np.mgrid[:7, :9] * 10.0
    nodes[:, rng.random((7, 9)) < 0.05] = rng.choice([1e20, -1e300, FAR])
    grid = Grid((7, 9), (10, 10))
    target = Chunking.from_sizes(*chunkings(rng, grid.target_shape, 1, most=30)[0])
    lazy = positions_of(*(da.from_array(part, (cuts(rng, 7), cuts(rng, 9))) for part in nodes), grid)
    whole = node_bounds(*nodes, *grid.nodes_of_chunks(target.rows, target.cols))
    far = (np.abs(whole) > FAR).any(axis=-1)
    with dask.config.set(scheduler="synchronous"):
        for positions in (lazy, positions_of(*nodes, grid)):
            found = positions.bounds(target)[far]
            np.testing.assert_array_equal(found, whole[far] + ROUNDING * np.array([-1, 1, -1, 1]))


@given(seeds)
def test_pieces_of_a_dask_grid_are_pieces_of_the_same_numpy_grid(seed):
    rng = np.random.default_rng(seed)
    rows, cols = random_grid(rng)
    chunks = cuts(rng, rows.shape[0]), cuts(rng, rows.shape[1])
    grid = Grid(rows.shape)
    target = target_of(rng, grid)
    lazy = positions_of(da.from_array(rows, chunks), da.from_array(cols, chunks), grid)
    recipe, whole = lazy.recipe(target), positions_of(rows, cols, grid).recipe(target)
    blocks = {key: task for array in lazy.arrays for key, task in array.dask.items()}
    for index in np.ndindex(target.shape):
        found = dask.get(blocks | {"piece": recipe.task("piece", index)}, "piece")
        expected = whole.task("piece", index).value
        np.testing.assert_array_equal(found.rows, expected.rows)
        np.testing.assert_array_equal(found.cols, expected.cols)
        assert (found.first, found.resolution) == (expected.first, expected.resolution)


def test_a_numpy_grid_is_cut_into_data_keys():
    rows = np.arange(12.0).reshape(3, 4)
    target = Chunking(((0, 1), (1, 3)), ((0, 2), (2, 4)))
    node = positions_of(rows, -rows, Grid((3, 4))).recipe(target).task("key", (1, 0))
    assert isinstance(node, DataNode)
    np.testing.assert_array_equal(node.value.rows, [[4, 5], [8, 9]])
    np.testing.assert_array_equal(node.value.cols, [[-4, -5], [-8, -9]])
    assert np.shares_memory(node.value.rows, rows)


def test_what_is_eager_is_given_the_nodes_around_a_window():
    rows = np.arange(12.0).reshape(3, 4)
    for given_rows in (rows, da.from_array(rows, 2)):
        nodes = positions_of(given_rows, -rows, Grid((3, 4), (2, 3))).nodes(Window((3, 4), (0, 5)))
        np.testing.assert_array_equal(nodes.rows, rows[1:3, 0:3])
        np.testing.assert_array_equal(nodes.cols, -rows[1:3, 0:3])
        assert (nodes.first, nodes.resolution) == ((1, 0), (2, 3))


def test_displaced_nodes_are_the_same_from_numpy_and_from_dask():
    rows = np.random.default_rng(0).random((4, 5))
    grid, target = Grid((4, 5), (3, 2)), Chunking(((0, 4), (4, 10)), ((0, 3), (3, 9)))
    eager = positions_of(rows, -rows, grid, displacement=True)
    lazy = positions_of(da.from_array(rows, 2), -rows, grid, displacement=True)
    for (i, j), positions in product(np.ndindex(target.shape), (eager, lazy)):
        nodes, bounds = eager.nodes(target.window(i, j)), positions.bounds(target)[i, j]
        assert (
            bounds * [1, -1, 1, -1]
            <= [nodes.rows.min(), -nodes.rows.max(), nodes.cols.min(), -nodes.cols.max()]
        ).all()
        # Displacements are from 0 to 1 here; cells between two blocks count whole.
        (top, bottom), (left, right) = target.window(i, j).rows, target.window(i, j).cols
        assert (bounds >= [top - 3, top - 3, left - 2 - 1, left - 2 - 1]).all()
        assert (bounds <= [bottom + 3 + 1, bottom + 3 + 1, right + 2, right + 2]).all()
    expected = eager.nodes(Window((4, 10), (3, 9)))
    for positions in (eager, lazy):
        task = positions.recipe(target).task("key", (1, 1))
        blocks = [array.to_delayed().ravel().tolist() for array in positions.arrays]
        given = {part.key: part.compute() for block in blocks for part in block}
        found = task({key: given[key] for key in task.dependencies})
        np.testing.assert_array_equal(found.rows, expected.rows)
        np.testing.assert_array_equal(found.cols, expected.cols)
        assert found.first == expected.first == (4, 3)


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
