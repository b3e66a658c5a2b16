"""What sources that are not read yet, and stores, rely on in xarray and zarr: one test for each.

Most of it is private. A release that changes one of these says so by its name.
"""

import pickle

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr
from dask.tokenize import tokenize
from xarray.core.indexing import ExplicitlyIndexed

from gridr_dask.plan import memory
from tests.stores import Recording, opened

IMAGE = np.arange(2 * 30 * 40).reshape(2, 30, 40)
DIMS = ("band", "y", "x")


@pytest.fixture
def array():
    return opened(IMAGE, DIMS, (1, 10, 20), Recording)


@pytest.fixture
def reads(array):
    return array.variable._data.array.reads


@pytest.fixture
def stored(tmp_path):
    encoding = {"image": {"chunks": (1, 10, 20)}}
    xr.Dataset({"image": (DIMS, IMAGE)}).to_zarr(tmp_path / "a.zarr", encoding=encoding, consolidated=False)
    return xr.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)["image"]


def test_a_variable_knows_whether_it_was_read(array, stored):
    for lazy in (array, stored):
        assert not lazy.variable._in_memory
        lazy.load()
        assert lazy.variable._in_memory
    assert xr.Variable(DIMS, da.from_array(IMAGE))._in_memory is False


def test_what_was_not_read_is_explicitly_indexed(array, stored):
    for lazy in (array, stored):
        assert isinstance(lazy.variable._data, ExplicitlyIndexed)
    for other in (IMAGE, da.from_array(IMAGE)):
        assert not isinstance(xr.Variable(DIMS, other)._data, ExplicitlyIndexed)


def test_a_variable_that_is_indexed_is_another_one_that_is_not_read(array, reads):
    part = array.variable[...]
    assert part is not array.variable
    assert isinstance(part._data, ExplicitlyIndexed)
    array.load()
    reads.clear()
    assert not part._in_memory
    np.testing.assert_array_equal(part.to_numpy(), IMAGE)
    assert reads == [IMAGE.shape]


def test_a_window_is_read_and_nothing_else(array, reads):
    window = (slice(1, 2), slice(3, 9), slice(0, 7))
    np.testing.assert_array_equal(array.variable[window].to_numpy(), IMAGE[window])
    assert reads == [(1, 6, 7)]
    assert not array.variable._in_memory


def test_windows_of_a_cut_out_part_count_from_its_start(array, reads):
    part = array.isel(y=slice(5, None), x=slice(10, 30)).variable
    assert reads == []
    np.testing.assert_array_equal(part[:, 1:3, 2:4].to_numpy(), IMAGE[:, 6:8, 12:14])
    assert reads == [(2, 2, 2)]


def test_a_store_has_a_name_that_no_sample_is_read_for(stored, tmp_path):
    again = xr.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)["image"]
    assert tokenize(stored.variable._data) == tokenize(again.variable._data)
    assert tokenize(stored.variable._data) != tokenize(stored[:1].variable._data)
    assert not stored.variable._in_memory


def test_a_store_is_pickled_without_its_samples(stored):
    sent = pickle.dumps(stored.variable[...])
    assert len(sent) < IMAGE.nbytes
    np.testing.assert_array_equal(pickle.loads(sent)[:, 2:4].to_numpy(), IMAGE[:, 2:4])


def test_a_store_says_how_it_is_cut(stored):
    assert stored.encoding["preferred_chunks"] == {"band": 1, "y": 10, "x": 20}
    assert stored.variable[...].encoding["preferred_chunks"] == {"band": 1, "y": 10, "x": 20}
    assert stored.chunk({}).chunks is not None


def test_chunks_of_a_store_become_blocks_of_dask(array, reads):
    blocks = array.variable.chunk({"band": 1, "y": 10, "x": 20}).data
    assert isinstance(blocks, da.Array)
    assert reads == []
    np.testing.assert_array_equal(blocks.blocks[1, 2, 0].compute(), IMAGE[1:, 20:, :20])
    assert reads == [(1, 10, 20)]


def test_zarr_reads_as_many_chunks_at_once_as_plans_reckon_with():
    assert zarr.config.get("async.concurrency") == memory._DECODED


def test_an_encoding_that_is_given_replaces_that_of_the_variable(tmp_path):
    """So `to_zarr` gives its chunks with the variable: packing and the CRS stay."""
    array = xr.Variable("x", np.arange(4.0), encoding={"dtype": "i2", "_FillValue": -1})
    for name, encoding in (("kept", {}), ("lost", {"a": {"chunks": (2,)}})):
        xr.Dataset({"a": array}).to_zarr(tmp_path / name, encoding=encoding, consolidated=False)
    assert zarr.open_array(tmp_path / "kept", path="a").dtype == "i2"
    assert zarr.open_array(tmp_path / "lost", path="a").dtype == "f8"


def test_a_template_is_written_without_its_samples_and_filled_by_regions(tmp_path):
    lazy = da.map_blocks(lambda: pytest.fail("computed"), chunks=((8,),), dtype="f8", meta=np.empty(0))
    template = xr.Dataset({"a": ("x", lazy)}, {"x": np.arange(8)})
    template["a"].encoding = {"chunks": (2,), "shards": (4,)}
    template.to_zarr(tmp_path / "a", compute=False, zarr_format=3, consolidated=False)
    for start in (0, 4):
        part = xr.Dataset({"a": ("x", da.full(4, start, chunks=4, dtype="f8"))})
        part.to_zarr(tmp_path / "a", region={"x": slice(start, start + 4)}, consolidated=False)
    with xr.open_zarr(tmp_path / "a", consolidated=False) as back:
        np.testing.assert_array_equal(back.a, [0] * 4 + [4] * 4)
        np.testing.assert_array_equal(back.x, np.arange(8))
