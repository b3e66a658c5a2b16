"""Results into zarr and back, one task per shard."""

from collections import Counter

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr
from odc.geo.geobox import GeoBox
from zarr.storage import MemoryStore, WrapperStore

import gridr_dask
from gridr_dask.errors import InvalidInputError

GRID = tuple(np.mgrid[0:60, 0:80] * 0.7)


class CountingStore(WrapperStore):
    """A store that counts writes, and reads that found something."""

    def __init__(self, store=None):
        super().__init__(store if store is not None else MemoryStore())
        self.written = Counter()
        self.read = Counter()

    async def set(self, key, value):
        self.written[key] += 1
        await super().set(key, value)

    async def set_if_not_exists(self, key, value):
        self.written[key] += 1
        await super().set_if_not_exists(key, value)

    async def get(self, key, prototype, byte_range=None):
        found = await super().get(key, prototype, byte_range)
        if found is not None:
            self.read[key] += 1
        return found

    async def get_partial_values(self, prototype, key_ranges):
        key_ranges = list(key_ranges)
        self.read.update(key for key, _ in key_ranges)
        return await super().get_partial_values(prototype, key_ranges)

    def samples(self, counter, name):
        return {key: n for key, n in counter.items() if key.startswith(f"{name}/c/")}


def opened(path, **kwargs):
    """A dataset; the stores have no consolidated metadata, which are no part of zarr's format 3."""
    return xr.open_zarr(path, consolidated=False, **kwargs)


def result(dtype="f4", chunks=(16, 32), bands=None):
    rng = np.random.default_rng(1)
    shape = (50, 60) if bands is None else (bands, 50, 60)
    values = (rng.random(shape) * 200 + 1).astype(dtype)
    source = xr.DataArray(values, dims=("band", "y", "x")[-len(shape) :], name="height")
    source.attrs = {"units": "m"}
    return source.gridr.resample(GRID, interp="linear", chunks=chunks)


@pytest.mark.parametrize("sharded", [True, False], ids=["sharded", "plain"])
@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", "c8", "?"])
def test_what_is_written_is_read_back(tmp_path, sharded, dtype):
    lazy = result(dtype)
    gridr_dask.to_zarr(lazy, tmp_path / "a.zarr", sharded=sharded, chunks=8)
    with opened(tmp_path / "a.zarr", mask_and_scale=False) as back:
        assert back.height.dtype == lazy.dtype
        assert back.height.values.tobytes() == lazy.values.tobytes()
        assert back.height.attrs["units"] == "m"


@pytest.mark.parametrize("sharded", [True, False], ids=["sharded", "plain"])
def test_every_chunk_is_written_once_and_nothing_is_read_back(sharded):
    lazy = result(bands=2)
    store = CountingStore()
    gridr_dask.to_zarr(lazy, store, sharded=sharded, chunks=8)
    written = store.samples(store.written, "height")
    assert set(written.values()) == {1}
    assert len(written) == np.prod([len(sizes) for sizes in lazy.chunks])
    assert store.samples(store.read, "height") == {}


def test_the_shards_are_the_chunks_of_dask():
    store = CountingStore()
    gridr_dask.to_zarr(result(), store, chunks=8)
    array = zarr.open_array(store, path="height", mode="r")
    assert array.shards == (16, 32)
    assert array.chunks == (8, 8)
    assert array.metadata.zarr_format == 3


def test_without_shards_the_chunks_are_those_of_dask():
    store = CountingStore()
    gridr_dask.to_zarr(result(), store, sharded=False)
    array = zarr.open_array(store, path="height", mode="r")
    assert array.shards is None
    assert array.chunks == (16, 32)


@pytest.mark.parametrize("chunks", [1, 7, 8, 512])
def test_chunks_within_a_shard_divide_it(chunks):
    store = CountingStore()
    gridr_dask.to_zarr(result(chunks=(15, 34)), store, chunks=chunks)
    array = zarr.open_array(store, path="height", mode="r")
    assert all(shard % chunk == 0 for shard, chunk in zip(array.shards, array.chunks, strict=True))


@pytest.mark.distributed
def test_worker_processes_write_what_threads_write(tmp_path, client):
    lazy = result()
    delayed = gridr_dask.to_zarr(lazy, tmp_path / "a.zarr", compute=False, chunks=8)
    client.compute(delayed).result()
    with opened(tmp_path / "a.zarr") as back:
        assert back.height.values.tobytes() == lazy.values.tobytes()


def test_zarr_to_zarr_gives_the_bits_of_numpy(tmp_path):
    values = np.random.default_rng(2).integers(0, 4000, (2, 50, 60), "u2")
    source = xr.DataArray(values, dims=("band", "y", "x"), name="scene")
    gridr_dask.to_zarr(source.chunk(band=1, y=25, x=16), tmp_path / "in.zarr", chunks=5)
    with opened(tmp_path / "in.zarr") as stored:
        gridr_dask.to_zarr(stored.scene.gridr.resample(GRID, chunks=32), tmp_path / "out.zarr")
    with opened(tmp_path / "out.zarr") as back:
        whole = source.gridr.resample(GRID)
        assert back.scene.values.tobytes() == whole.values.tobytes()


def test_a_dataset_is_written_with_all_its_variables(tmp_path):
    lazy = result()
    both = xr.Dataset({"height": lazy, "gain": ("band", [1.0, 2.0]), "count": 3})
    gridr_dask.to_zarr(both, tmp_path / "a.zarr")
    with opened(tmp_path / "a.zarr") as back:
        xr.testing.assert_equal(back.load(), both.compute())


def test_numpy_results_are_written_too(tmp_path):
    eager = result().compute()
    gridr_dask.to_zarr(eager, tmp_path / "a.zarr")
    with opened(tmp_path / "a.zarr") as back:
        xr.testing.assert_equal(back.height.load(), eager)


def test_the_encoding_of_the_caller_wins(tmp_path):
    encoding = {"height": {"compressors": None}}
    gridr_dask.to_zarr(result(), tmp_path / "a.zarr", chunks=8, encoding=encoding)
    array = zarr.open_array(tmp_path / "a.zarr", path="height", mode="r")
    assert array.compressors == ()
    assert array.shards == (16, 32)


@pytest.mark.parametrize("chunks", [None, 20], ids=["numpy", "dask"])
def test_packing_and_the_crs_are_written(tmp_path, chunks):
    box = GeoBox.from_bbox((500_000, 5_000_000, 500_800, 5_000_600), "EPSG:32632", resolution=10)
    values = np.random.default_rng(1).integers(0, 3000, (50, 60)) / 100
    source = xr.DataArray(values, dims=("y", "x"), name="height")
    source.encoding = {
        "dtype": "i2",
        "scale_factor": 0.01,
        "_FillValue": -9999,
        "chunks": (7, 7),
        "zlib": True,
    }
    result = source.gridr.resample(GRID, interp="nearest", coords=box, chunks=chunks)
    gridr_dask.to_zarr(result, tmp_path / "a.zarr", chunks=10)
    with opened(tmp_path / "a.zarr", decode_coords="all") as back:
        assert back.height.odc.geobox == box
        assert (back.height.encoding["dtype"], back.height.encoding["scale_factor"]) == (np.int16, 0.01)
        np.testing.assert_allclose(back.height, result, atol=1e-9)
    assert result.encoding["dtype"] == "i2"
    assert "shards" not in result.encoding


def with_time():
    """A dataset whose data, dim coordinate and other coordinate a store has to encode."""
    values = np.random.default_rng(1).integers(0, 200, (3, 20, 20)).astype("f4")
    times = np.datetime64("2024-01-01", "ns") + np.arange(3) * np.timedelta64(1, "D")
    coords = {"t": times, "angle": ("t", [1.0, 2.0, 3.0]), "crs": 0}
    dataset = xr.Dataset({"a": (("t", "y", "x"), values)}, coords)
    dataset.a.attrs["grid_mapping"] = "crs"
    return dataset


@pytest.mark.parametrize("chunks", [None, {}], ids=["stored", "dask"])
@pytest.mark.parametrize("store", ["netcdf", "zarr 2"])
def test_what_comes_from_another_store_is_written_with_the_codecs_of_zarr_3(tmp_path, store, chunks):
    if store == "netcdf":
        packed = {"dtype": "i2", "scale_factor": 0.5, "_FillValue": -1, "zlib": True, "complevel": 4}
        encoding = {"a": packed, "angle": {"zlib": True}}
        with_time().to_netcdf(tmp_path / "a.nc", engine="h5netcdf", encoding=encoding)
        source = xr.open_dataset(tmp_path / "a.nc", chunks=chunks, engine="h5netcdf", decode_coords="all")
    else:
        with_time().to_zarr(tmp_path / "a.zarr", zarr_format=2)
        source = xr.open_zarr(tmp_path / "a.zarr", chunks=chunks, decode_coords="all")
    before = {name: dict(variable.encoding) for name, variable in source.variables.items()}
    given = {"a": {"compressors": None}, "angle": {"dtype": "f4"}, "t": {"dtype": "i4"}}
    gridr_dask.to_zarr(source, tmp_path / "out.zarr", encoding=given)
    assert {name: variable.encoding for name, variable in source.variables.items()} == before
    with opened(tmp_path / "out.zarr", decode_coords="all") as back, source:
        xr.testing.assert_equal(back.load(), source.load())
        for key in ("scale_factor", "grid_mapping", "coordinates"):
            assert back.a.encoding.get(key) == before["a"].get(key)
        assert back.a.encoding["compressors"] == ()
        assert (back.angle.dtype, back.t.encoding["dtype"]) == (np.float32, np.int32)


def test_an_array_without_a_name_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="name"):
        gridr_dask.to_zarr(result().rename(None), tmp_path / "a.zarr")


@pytest.mark.parametrize("chunks", [0, -1])
def test_chunks_are_at_least_one_pixel(tmp_path, chunks):
    with pytest.raises(InvalidInputError, match=f"chunks={chunks}"):
        gridr_dask.to_zarr(result(), tmp_path / "a.zarr", chunks=chunks)


@pytest.mark.parametrize("sizes", [(20, 10, 30), (10, 20, 30), (10, 10, 40)], ids=str)
def test_uneven_dask_chunks_are_refused_with_a_way_out(tmp_path, sizes):
    lazy = xr.DataArray(da.zeros((60, 4), chunks=(sizes, 4)), dims=("y", "x"), name="a")
    with pytest.raises(InvalidInputError, match=r"'a' has chunks .* along 'y'.*\.chunk\(\)") as caught:
        gridr_dask.to_zarr(lazy, tmp_path / "a.zarr")
    assert str(sizes) in str(caught.value)
    gridr_dask.to_zarr(lazy.chunk(y=20), tmp_path / "a.zarr")
