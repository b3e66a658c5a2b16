"""Sources that xarray has opened and not read: tasks read their own windows."""

import pickle
from math import prod

import dask
import dask.array as da
import numpy as np
import pytest
import rasterio
import rioxarray
import xarray as xr

import gridr_dask
from gridr_dask.graph.stored import Stored, data_of
from tests.geo import TARGETS, UTM, texture, world
from tests.stores import Recording, opened

IMAGE = np.random.default_rng(0).integers(0, 60_000, (2, 90, 120)).astype("u2")
GRID = np.mgrid[:70, :100] * 1.1 + 3.3
DIMS = ("band", "y", "x")


def recorded(image=IMAGE, dims=DIMS):
    """An image that is not read yet, and the shapes of what will be."""
    array = opened(image, dims, (1, 30, 40)[-image.ndim :], Recording)
    return array, array.variable._data.array.reads


@pytest.fixture(params=["zarr", "rasterio"])
def image(request, tmp_path):
    """An image on a disk, opened."""
    if request.param == "zarr":
        encoding = {"image": {"chunks": (1, 30, 40)}}
        whole = xr.Dataset({"image": (DIMS, IMAGE)})
        whole.to_zarr(tmp_path / "image.zarr", encoding=encoding, consolidated=False)
        yield xr.open_zarr(tmp_path / "image.zarr", chunks=None, consolidated=False)["image"]
        return
    profile = {"driver": "GTiff", "dtype": "uint16", "count": 2, "height": 90, "width": 120}
    with rasterio.open(
        tmp_path / "image.tif", "w", transform=rasterio.Affine(2, 0, 0, 0, -2, 0), **profile
    ) as file:
        file.write(IMAGE)
    with rioxarray.open_rasterio(tmp_path / "image.tif") as opened_image:
        yield opened_image


def whole(**arguments):
    return xr.DataArray(IMAGE, dims=DIMS).gridr.resample(GRID, **arguments)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_a_file_is_read_by_the_tasks(image, scheduler):
    lazy = image.gridr.resample(GRID, chunks=32, source="direct")
    assert not any(name.startswith("xarray-") for name in lazy.data.dask.layers)
    np.testing.assert_array_equal(lazy.compute(scheduler=scheduler).values, whole().values)
    assert isinstance(data_of(image), Stored)  # the whole is still not read


@pytest.mark.distributed
def test_a_file_is_read_by_worker_processes(image, client):
    for source in ("direct", "blocks"):
        lazy = image.gridr.resample(GRID, chunks=32, source=source)
        np.testing.assert_array_equal(lazy.compute(scheduler=client).values, whole().values)


def test_without_chunks_it_is_read_at_once(image):
    result = image.gridr.resample(GRID)
    assert isinstance(result.data, np.ndarray)
    np.testing.assert_array_equal(result.values, whole().values)


def test_empty_chunks_are_those_of_the_store():
    image, reads = recorded()
    lazy = image.gridr.resample(GRID, chunks={})
    assert not reads
    assert lazy.chunks == ((1, 1), (30, 30, 10), (40, 40, 20))
    np.testing.assert_array_equal(lazy.values, whole().values)


def test_direct_is_lazy_without_chunks():
    image, reads = recorded()
    lazy = image.gridr.resample(GRID, source="direct")
    assert lazy.chunks is not None
    assert not reads
    np.testing.assert_array_equal(lazy.values, whole().values)


def test_a_lazy_grid_reads_directly():
    image, reads = recorded()
    lazy = image.gridr.resample(da.from_array(GRID, chunks=(2, 40, 40)), window=np.s_[:20, :20])
    np.testing.assert_array_equal(lazy.values, whole().values[:, :20, :20])
    assert max(map(prod, reads)) < 30 * 30


@pytest.mark.parametrize("interp", ["nearest", "cubic", "bspline3"])
def test_what_is_read_is_what_the_plan_says(interp):
    image, reads = recorded()
    arguments = {"interp": interp, "chunks": 32, "source": "direct"}
    plan = image.gridr.plan(GRID, **arguments)
    assert not reads
    image.gridr.resample(GRID, **arguments).compute(scheduler="synchronous")
    rows, cols = plan.chunks.extents(None)
    assert sum(map(prod, reads)) == 2 * int((rows * cols).sum())
    assert len(reads) == plan.tasks


def test_a_wrapped_window_is_read_in_pieces():
    image, reads = recorded(IMAGE[0], DIMS[1:])
    grid = np.mgrid[-10:10, -10:10] + 0.5
    arguments = {"boundary_condition": "wrap", "trust_padding": True, "interp": "linear"}
    grid = grid[:, 9:11, 9:11]
    lazy = image.gridr.resample(grid, chunks=-1, **arguments)
    expected = xr.DataArray(IMAGE[0], dims=DIMS[1:]).gridr.resample(grid, **arguments)
    np.testing.assert_array_equal(lazy.values, expected.values)
    assert len(reads) == 4
    assert sum(map(prod, reads)) == 3 * 3


def test_a_chunk_that_sees_no_source_reads_nothing():
    image, reads = recorded()
    far = image.gridr.resample(GRID + 1000, chunks=32)
    assert far.values.max() == 0
    assert not reads


def test_blocks_reads_each_chunk_of_the_store_once():
    image, reads = recorded()
    lazy = image.gridr.resample(GRID, chunks=32, source="blocks")
    assert not reads
    np.testing.assert_array_equal(lazy.values, whole().values)
    assert sorted(reads) == [(1, 30, 40)] * 18


def test_a_mask_is_read_in_windows_too():
    mask = np.random.default_rng(1).random(IMAGE.shape[1:]) > 0.1
    lazy_mask, reads = recorded(mask, DIMS[1:])
    for source, how in ((xr.DataArray(IMAGE, dims=DIMS), "auto"), (recorded()[0], "direct")):
        lazy = source.gridr.resample(GRID, chunks=32, mask=lazy_mask, source=how)
        assert not reads
        np.testing.assert_array_equal(lazy.values, whole(mask=mask).values)
        assert max(map(prod, reads)) < mask.size / 2
        reads.clear()
    now = xr.DataArray(IMAGE, dims=DIMS).gridr.resample(GRID, mask=lazy_mask)
    np.testing.assert_array_equal(now.values, whole(mask=mask).values)


def test_a_part_of_a_file_is_read_directly(image):
    part = image.isel(y=slice(10, 80), x=slice(20, None))
    lazy = part.gridr.resample(GRID, chunks=32, source="direct", source_origin=(10, 20))
    now = xr.DataArray(IMAGE[:, 10:80, 20:], dims=DIMS).gridr.resample(GRID, source_origin=(10, 20))
    np.testing.assert_array_equal(lazy.values, now.values)


def test_the_graph_keeps_no_samples(image):
    lazy = image.gridr.resample(GRID, chunks=32, source="direct")
    size = len(pickle.dumps(lazy.data.dask))
    image.load()
    lazy.compute()
    assert len(pickle.dumps(lazy.data.dask)) < size + IMAGE.nbytes / 10


def test_equal_calls_have_equal_names(image):
    first, second = (image.gridr.resample(GRID, chunks=32) for _ in range(2))
    assert first.data.name == second.data.name
    assert image.isel(band=[0]).gridr.resample(GRID, chunks=32).data.name != first.data.name


def test_variables_of_a_dataset_differ():
    mixed = xr.Dataset({"a": recorded()[0], "b": (DIMS, da.from_array(IMAGE, chunks=50))})
    lazy = mixed.gridr.resample(GRID, chunks=100)
    assert mixed.gridr.plan(GRID, chunks=100).summary()["source"] == "both"
    for values in dask.compute(lazy)[0].values():
        np.testing.assert_array_equal(values, whole().values)


@pytest.mark.parametrize(
    ("chunks", "size", "memory", "source"),
    [
        (70, (1, 30, 40), "1 GiB", "direct"),  # each chunk is read less than twice
        (32, (1, 30, 40), "1 GiB", "blocks"),
        (32, (1, 30, 40), "20 kB", "direct"),  # blocks would wait in more memory than that
        (20, (1, 1, 120), "1 GiB", "direct"),  # a task would be handed many rows of the file
    ],
)
def test_windows_become_blocks_where_they_are_read_too_often(chunks, size, memory, source):
    image = opened(IMAGE, DIMS, size)
    with dask.config.set({"gridr.task-memory": memory}):
        summary = image.gridr.plan(GRID, chunks=chunks).summary()
    assert summary["source"] == source
    assert (summary["read amplification"] > 2) == (chunks < 70)


def test_auto_reads_a_chunk_once_instead_of_often():
    image, reads = recorded()
    lazy_mask, mask_reads = recorded(IMAGE[0] > 9, DIMS[1:])
    lazy = image.gridr.resample(GRID, chunks=32, mask=lazy_mask)
    np.testing.assert_array_equal(lazy.values, whole(mask=IMAGE[0] > 9).values)
    assert sorted(reads) == [(1, 30, 40)] * 18
    assert sorted(mask_reads) == [(30, 40)] * 9


def test_a_plan_knows_who_reads():
    image, reads = recorded()
    direct, blocks = (image.gridr.plan(GRID, chunks=32, source=how) for how in ("direct", "blocks"))
    assert not reads
    assert (direct.summary()["source"], blocks.summary()["source"]) == ("direct", "blocks")
    assert blocks.summary()["bytes read"] == IMAGE.nbytes
    amplified = IMAGE.nbytes * direct.summary()["read amplification"]
    assert direct.summary()["bytes read"] == pytest.approx(amplified, rel=1e-3)
    assert direct.largest().parts["source"] < blocks.largest().parts["source"]
    assert "by the tasks" in repr(direct)
    for plan in (direct, blocks):
        assert plan.peak <= plan.at_most


def test_reproject_hands_it_on():
    image = texture(UTM)
    reads, lazy = recorded(image.values, image.dims)[::-1]
    lazy = lazy.assign_coords(image.coords)
    result = lazy.gridr.reproject("EPSG:3857", interp="cubic", source="direct", chunks=50)
    assert not reads
    xr.testing.assert_equal(result.compute(), image.gridr.reproject("EPSG:3857", interp="cubic"))
    assert max(map(prod, reads)) < image.size / 2


def test_a_world_is_read_in_blocks():
    image = world()[0]
    lazy, reads = recorded(image.values, image.dims)
    lazy = lazy.assign_coords(image.coords)
    with pytest.raises(gridr_dask.InvalidInputError, match="goes on around the world"):
        lazy.gridr.reproject(TARGETS["arctic"], interp="cubic", source="direct")
    result = lazy.gridr.reproject(TARGETS["arctic"], interp="cubic", chunks=50)
    assert not reads
    expected = image.gridr.reproject(TARGETS["arctic"], interp="cubic")
    xr.testing.assert_equal(result.compute(), expected)


@pytest.mark.parametrize(
    ("source", "what"), [(IMAGE, "in memory"), (da.from_array(IMAGE, chunks=50), "a dask array")], ids=repr
)
def test_direct_needs_a_store(source, what):
    with pytest.raises(gridr_dask.InvalidInputError, match=f"{what}; open it with"):
        xr.DataArray(source, dims=DIMS).gridr.resample(GRID, chunks=32, source="direct")


def test_there_are_three_ways():
    with pytest.raises(
        gridr_dask.InvalidInputError, match="source='window' must be one of auto, blocks, dir"
    ):
        recorded()[0].gridr.resample(GRID, source="window")
