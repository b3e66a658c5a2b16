"""Whatever dask and xarray do with a lazy result, its bytes are those of the eager one."""

import pickle

import dask
import numpy as np
import pytest
import xarray as xr
from dask.graph_manipulation import bind, checkpoint, clone

import gridr_dask

SHAPE = (2, 90, 70)
TARGET = (60, 50)

CALLS = {
    "linear": {"interp": "linear"},
    # Windows at the edge are several ranges of blocks.
    "wrapped": {"boundary_condition": "wrap", "trust_padding": True},
    "reflected spline": {"interp": "bspline3", "boundary_condition": "reflect", "trust_padding": True},
    "masked": {"mask": np.arange(90 * 70).reshape(90, 70) % 37 > 0},
    "per band": {"src_nodata": 3, "dtype": "u1"},
}


def image():
    values = np.random.default_rng(5).integers(0, 200, SHAPE).astype("f4")
    return xr.DataArray(values, dims=("band", "y", "x"), name="image")


def grid():
    """A turn about a point near a corner, over the edges, with a hole."""
    down, right = np.mgrid[0 : TARGET[0], 0 : TARGET[1]]
    rows, cols = 0.8 * down - 0.6 * right + 12.3, 0.6 * down + 0.8 * right - 4.4
    rows[20:30, 30:] = np.nan
    return rows, cols


@pytest.fixture(params=CALLS)
def call(request):
    """The arguments of a call, its eager result and validity."""
    arguments = CALLS[request.param]
    return arguments, image().gridr.resample(grid(), return_mask=True, **arguments)


def lazily(arguments, **changes):
    chunks = {"band": 1, "y": 13, "x": 17}
    return image().chunk(chunks).gridr.resample(grid(), chunks=16, return_mask=True, **(arguments | changes))


def assert_same(lazy, eager):
    assert lazy.dtype == eager.dtype
    assert np.asarray(lazy).tobytes() == np.asarray(eager).tobytes()


PATHWAYS = {
    "compute": lambda array: array.compute(),
    "persist": lambda array: array.persist(),
    "rechunk": lambda array: array.chunk({"y": 7, "x": -1}),
    "optimize": lambda array: dask.optimize(array)[0],
    "pickle": lambda array: pickle.loads(pickle.dumps(array)),
    "clone": lambda array: clone(array),
    "clone of a clone": lambda array: clone(clone(array)),
    "bind": lambda array: bind(array, checkpoint(array.chunk({"y": 5}))),
    "map_overlap": lambda array: array.copy(
        data=array.data.map_overlap(lambda block: block, depth={array.ndim - 1: 2}, boundary="none")
    ),
    "in parts": lambda array: xr.concat([array[..., :23, :], array[..., 23:, :]], "y"),
}


@pytest.mark.parametrize("pathway", PATHWAYS)
def test_each_pathway_gives_the_bytes_of_the_eager_call(call, pathway):
    arguments, eager = call
    for lazy, expected in zip(lazily(arguments), eager, strict=True):
        assert_same(PATHWAYS[pathway](lazy), expected)


@pytest.mark.parametrize("part", [np.s_[..., 3, 4], np.s_[..., ::-5, 20:31], np.s_[..., 17:40, [3, 44, 9]]])
def test_a_part_of_a_lazy_result_is_the_part_of_the_eager_one(call, part):
    arguments, eager = call
    for lazy, expected in zip(lazily(arguments), eager, strict=True):
        assert_same(lazy[part], expected.values[part])


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_each_scheduler_gives_the_bytes_of_the_eager_call(scheduler):
    lazy, eager = [], []
    for arguments in CALLS.values():
        # From an image in memory, and from a lazy one.
        memory = image().gridr.resample(grid(), chunks=(60, 16), return_mask=True, **arguments)
        lazy += [*memory, *lazily(arguments)]
        eager += 2 * [*image().gridr.resample(grid(), return_mask=True, **arguments)]
    for found, expected in zip(dask.compute(*lazy, scheduler=scheduler), eager, strict=True):
        assert_same(found, expected)


@pytest.mark.distributed
def test_a_cluster_gives_the_bytes_of_the_eager_call(client):
    for arguments in CALLS.values():
        lazy, eager = lazily(arguments), image().gridr.resample(grid(), return_mask=True, **arguments)
        for found, expected in zip(client.compute(lazy, sync=True), eager, strict=True):
            assert_same(found, expected)
    part = np.s_[..., 20:33, 5:9]
    assert_same(client.compute(lazy[0][part], sync=True), eager[0].values[part])
    assert_same(client.compute(clone(client.persist(lazy[0])), sync=True), eager[0])


def test_a_result_goes_to_zarr(call, tmp_path):
    arguments, eager = call
    lazy, _ = lazily(arguments)
    lazy.to_zarr(tmp_path / "plain.zarr", zarr_format=3, consolidated=False)
    gridr_dask.to_zarr(lazy, tmp_path / "sharded.zarr", chunks=8)
    for name in ("plain.zarr", "sharded.zarr"):
        assert_same(xr.open_zarr(tmp_path / name, consolidated=False)["image"].load(), eager[0])


def test_equal_calls_are_computed_once(call):
    arguments, _ = call
    first, again = lazily(arguments)[0], lazily(arguments)[0]
    assert first.data.name == again.data.name
    tasks = [
        len(dask.optimize(xr.Dataset(dict(both)))[0].__dask_graph__())
        for both in ({"a": first}, {"a": first, "b": again})
    ]
    assert tasks[0] == tasks[1]


def test_the_variables_of_a_dataset_share_plan_and_nodes():
    source = xr.Dataset({"a": image(), "b": image().astype("f8").chunk(y=20), "c": image().isel(band=0)})
    lazy = source.gridr.resample(grid(), chunks=16)
    layers = {
        name: layer for array in lazy.data_vars.values() for name, layer in array.data.dask.layers.items()
    }
    assert sum(name.startswith("gridr-nodes") for name in layers) == 1
    plans = {id(layer.recipe.plan) for name, layer in layers.items() if name.startswith("gridr-resample")}
    assert len(plans) == 1
    eager = source.compute().gridr.resample(grid())
    for name in source:
        assert_same(lazy[name], eager[name])


def test_variables_of_a_dataset_have_the_same_chunks():
    source = xr.Dataset({"a": image(), "b": image().isel(band=0, drop=True).astype("u1")})
    with dask.config.set({"gridr.task-memory": "5 MiB"}):
        lazy = source.gridr.resample(grid(), grid_resolution=(10, 12), chunks="auto")
    assert set(lazy.chunks) == {"band", "y", "x"}
    assert lazy.chunks["y"] == (256, 256, 79)
