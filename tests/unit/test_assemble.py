"""The dask array: names, what its tasks carry, and what they depend on."""

import pickle
from dataclasses import fields, is_dataclass

import dask
import dask.array as da
import numpy as np
import pytest
from dask._task_spec import DataNode, Task
from dask.array.utils import assert_eq

from gridr_dask.compute import SampleRule, get_interpolator, kernel_of
from gridr_dask.geometry import Boundary, Grid, Window
from gridr_dask.graph import DEFAULT_CHUNK, image_of, is_dask, positions_of, resample_lazily, tile
from tests.scenes import kernel_named, resampling

FILL = np.float64(-1)
SHAPE = (2, 12, 16)


def nodes(shape=(9, 9)):
    rows, cols = np.mgrid[0.0 : shape[0], 0.0 : shape[1]]
    return rows * 1.3 + 0.1, cols * 1.4 + 0.2


def lazily(**changes):
    """The arguments of a small call, some changed."""
    rows, cols = changes.pop("nodes", None) or nodes()
    grid = Grid(rows.shape, changes.pop("resolution", (1, 1)))
    source = changes.pop("source", None)
    if source is None:
        source = da.from_array(np.arange(2 * 12 * 16.0).reshape(SHAPE), chunks=(1, 5, 6))
    axes = changes.get("axes", (1, 2))
    shape = source.shape[axes[0]], source.shape[axes[1]]
    common = {"axes": axes, "source_shape": shape} | {
        name: changes.pop(name) for name in list(changes) if name not in ("target", "chunks", "mask")
    }
    target = changes.get("target", Window.whole(grid.target_shape))
    chunks = changes.get("chunks", (4, 5))
    mask, common = changes.get("mask"), resampling(**common)
    image = image_of(source, mask, common, source)
    return resample_lazily(image, tile(positions_of(rows, cols, grid), target, chunks, {"image": image}))


def own_tasks(array):
    """The tasks that the package made, without those of the source."""
    graph = array.__dask_graph__()
    layers = [layer for name, layer in graph.layers.items() if name.startswith("gridr-")]
    return {key: task for layer in layers for key, task in layer.items()}


CHANGES = {
    "kernel": {"kernel": kernel_named("cubic")},
    "fill": {"fill": np.float64(-2)},
    "fill NaN": {"fill": np.float64(np.nan)},
    "dtype": {"fill": np.float32(-1)},
    "origin": {"source_origin": (1, 0)},
    "chunks": {"chunks": (4, 9)},
    "target": {"target": Window((0, 9), (0, 8))},
    "nodes": {"nodes": tuple(n + 1e-9 for n in nodes())},
    "resolution": {"resolution": (2, 1)},
    "axes": {"axes": (2, 1)},
    "source": {"source": da.zeros(SHAPE, chunks=(1, 5, 6))},
    "with valid": {"with_valid": True},
    "boundary": {"boundary": Boundary("edge", True)},
    "trust": {"boundary": Boundary("none", True)},
    "nodata": {"rule": SampleRule(np.float64(3))},
    "nan": {"rule": SampleRule(nan=True)},
    "spline": {"kernel": kernel_named("bspline3")},
    "epsilon": {"kernel": kernel_of(get_interpolator("bspline3", epsilon=1e-5))},
    "influence": {"kernel": kernel_of(get_interpolator("bspline3", mask_influence_threshold=1e-5))},
    "mask": {"mask": np.ones(SHAPE[1:], bool)},
    "mask with a hole": {"mask": np.arange(12 * 16).reshape(SHAPE[1:])},
    "safe window": {"mask": np.ones(SHAPE[1:], bool), "safe": Window((0, 1), (0, 1))},
}


def test_equal_calls_give_equal_names():
    first, again = lazily()[0], lazily()[0]
    assert first.name == again.name
    assert first.__dask_graph__().layers.keys() == again.__dask_graph__().layers.keys()


def test_different_arguments_give_different_names():
    names = {lazily(**change)[0].name for change in ({}, *CHANGES.values())}
    assert len(names) == 1 + len(CHANGES)


@pytest.mark.distributed
def test_names_do_not_change_between_processes(client):
    assert client.submit(_name, pure=False).result() == _name()


def _name():
    # dask's own name for zeros depends on what the process has done before.
    source = da.zeros(SHAPE, chunks=(1, 5, 6), name="zeros")
    return lazily(source=source)[0].name


def arrays_in(value):
    """Every ndarray inside of a value."""
    if isinstance(value, np.ndarray) and value.ndim:
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_in(item)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))
    elif is_dataclass(value):
        yield from arrays_in([getattr(value, field.name) for field in fields(value)])


@pytest.mark.parametrize("with_valid", [False, True])
@pytest.mark.parametrize("lazy_grid", [False, True])
def test_no_task_carries_an_array(with_valid, lazy_grid):
    given = tuple(da.from_array(n, 4) for n in nodes()) if lazy_grid else nodes()
    result, _ = lazily(nodes=given, with_valid=with_valid)
    tasks = own_tasks(result)
    assert tasks
    for key, task in tasks.items():
        if isinstance(task, DataNode):
            # The nodes of one chunk, in a key of their own.
            assert sum(array.nbytes for array in arrays_in(task.value)) < nodes()[0].nbytes
            continue
        assert isinstance(task, Task), key
        assert not list(arrays_in([task.args, task.kwargs]))
        assert len(pickle.dumps((task.args, task.kwargs))) < 2500


def test_a_chunk_that_sees_no_source_depends_on_nothing():
    rows, cols = nodes()
    rows[:4] += 1000
    rows[4:8, 5:] = np.nan
    result, _ = lazily(nodes=(rows, cols))
    tasks = own_tasks(result)
    empty = [(b, i, j) for b in (0, 1) for i, j in [(0, 0), (0, 1), (1, 1)]]
    for index in np.ndindex(result.numblocks):
        task = tasks[(result.name, *index)]
        assert bool(task.dependencies) == (index not in empty), index
    assert (result[:, :4] == FILL).all().compute()


@pytest.mark.parametrize("lazy_grid", [False, True])
@pytest.mark.parametrize("fill", [np.float64(7), np.float32(7), np.int16(7), np.uint8(7)], ids=repr)
def test_every_block_has_the_advertised_type_and_shape(lazy_grid, fill):
    rows, cols = nodes()
    rows[:4] += 1000
    given = tuple(da.from_array(n, 4) for n in (rows, cols)) if lazy_grid else (rows, cols)
    for array in lazily(nodes=given, fill=fill, with_valid=True):
        for index in np.ndindex(array.numblocks):
            block = array.blocks[index].compute()
            assert block.dtype == array.dtype
            assert block.shape == tuple(c[i] for c, i in zip(array.chunks, index, strict=True))
        assert_eq(array, array.compute())
        assert isinstance(array._meta, np.ndarray)


def test_source_blocks_are_read_where_they_are_needed_only():
    rows, cols = np.mgrid[0:4, 0:4] + 0.5
    result, _ = lazily(nodes=(rows, cols))
    keys = {
        ref
        for task in own_tasks(result).values()
        for ref in task.dependencies
        if not str(ref[0]).startswith("gridr-")
    }
    assert {key[1:] for key in keys} == {(0, 0, 0), (1, 0, 0)}


def test_the_chunks_asked_for_are_the_chunks_of_the_result():
    result, valid = lazily(chunks=((2, 7), (4, 5)), with_valid=True)
    assert result.chunks == ((1, 1), (2, 7), (4, 5))
    assert valid.chunks == ((2, 7), (4, 5))
    result, _ = lazily(chunks=(DEFAULT_CHUNK, -1))
    assert result.chunks == ((1, 1), (9,), (9,))


def test_validity_is_per_band_where_bands_can_differ():
    _, valid = lazily(fill=np.uint8(0), with_valid=True)
    assert valid.chunks == ((1, 1), (4, 4, 1), (5, 4))


def test_values_and_validity_share_their_work():
    result, valid = lazily(with_valid=True)
    work = {key for key in own_tasks(result) if str(key[0]).startswith("gridr-resample")}
    assert work <= own_tasks(valid).keys()


def test_building_a_graph_computes_no_pixels():
    def fail(*_args):
        raise AssertionError("a source block was computed")

    source = da.zeros(SHAPE, chunks=(1, 5, 6)).map_blocks(fail, dtype=float, meta=np.empty((0, 0, 0)))
    result, _ = lazily(source=source)
    with pytest.raises(AssertionError, match="computed"):
        result.compute()


def test_a_lazy_grid_is_computed_once_for_its_extents():
    seen = []

    def count(block):
        seen.append(block.shape)
        return block

    given = tuple(da.from_array(n, 4).map_blocks(count, dtype=float) for n in nodes())
    seen.clear()
    with dask.config.set(scheduler="synchronous"):
        lazily(nodes=given)
    assert len(seen) == sum(np.prod(n.numblocks) for n in given)


def test_a_dask_array_is_known():
    assert is_dask(da.zeros(3))
    assert not is_dask(np.zeros(3))
