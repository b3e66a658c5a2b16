"""A lazy call in pieces: what is held of it, what is read for it, and what is written."""

import tracemalloc

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox

import gridr_dask
from gridr_dask import InvalidInputError
from tests.unit.test_zarr import CountingStore, opened

GRID = np.mgrid[:70, :90] * 0.9 - 3.2
LAZY = tuple(da.from_array(part, chunks=(13, 17)) for part in GRID)
BOX = GeoBox.from_bbox((500_000, 5_000_000, 500_900, 5_000_700), "EPSG:32632", resolution=10)


def scene():
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {
            "height": (("t", "y", "x"), rng.random((2, 60, 80)).astype("f4"), {"units": "m"}),
            "classes": (("y", "x"), rng.integers(0, 200, (60, 80), dtype="u1"), {"_FillValue": np.uint8(7)}),
            "orbit": ("t", da.from_array([1, 2], chunks=1)),
            "count": 3,
        },
        {"t": [5, 6]},
        {"title": "a scene"},
    ).chunk(y=20, x=25)


CALLS = {
    "plain": {},
    "a GeoBox": {"coords": BOX},
    "coordinates": {"coords": {"y": np.arange(70.0), "time": 3}},
    "a window": {"window": np.s_[5:66, 10:80], "coords": BOX},
    "chosen nodata": {"nodata_out": 250, "variables": ["classes"]},
    "columns first": {"dims": ("x", "y"), "interp": "nearest"},
}


@pytest.mark.parametrize("call", CALLS)
def test_a_store_of_pieces_is_that_of_the_whole(call, tmp_path):
    tiles = scene().gridr.supertiles(LAZY, side=2, chunks=20, **CALLS[call])
    whole = scene().gridr.resample(LAZY, chunks=20, **CALLS[call])
    assert len(tiles) == len(list(tiles)) >= 4
    for name, obj in (("pieces", tiles), ("whole", whole)):
        gridr_dask.to_zarr(obj, tmp_path / name, chunks=10)
    with (
        opened(tmp_path / "pieces", decode_coords="all") as pieces,
        opened(tmp_path / "whole", decode_coords="all") as expected,
    ):
        xr.testing.assert_identical(pieces.load(), expected.load())
        for name in expected.variables:
            first, second = (dict(found[name].encoding, source=None) for found in (pieces, expected))
            assert repr(first) == repr(second)


@pytest.mark.parametrize("call", CALLS)
def test_a_piece_is_the_region_of_the_whole(call):
    whole = scene().gridr.resample(LAZY, chunks=10, **CALLS[call]).compute()
    for region, piece in scene().gridr.supertiles(LAZY, side=3, chunks=10, **CALLS[call]):
        xr.testing.assert_identical(piece.compute(), whole.isel(region))
        assert piece.classes.chunks is not None


def test_every_shard_is_written_once():
    store = CountingStore()
    gridr_dask.to_zarr(scene().gridr.supertiles(LAZY, side=2, chunks=16), store, chunks=8)
    for name, shards in (("height", 30), ("classes", 30)):
        written = store.samples(store.written, name)
        assert set(written.values()) == {1}
        assert len(written) == shards


def test_validity_is_stored_beside_the_result(tmp_path):
    arguments = {"chunks": 30, "return_mask": True, "dims": ("y", "x")}
    tiles = scene().height.gridr.supertiles(LAZY, side=2, **arguments)
    with pytest.raises(InvalidInputError, match=r"as a pair.*\.map\(lambda"):
        gridr_dask.to_zarr(tiles, tmp_path / "pair")
    both = tiles.map(lambda pair: pair[0].to_dataset().assign(valid=pair[1]))
    gridr_dask.to_zarr(both, tmp_path / "both")
    result, valid = scene().height.gridr.resample(LAZY, **arguments)
    with opened(tmp_path / "both") as back:
        xr.testing.assert_equal(back.height.compute(), result.compute())
        xr.testing.assert_equal(back.valid.compute(), valid.compute())


@pytest.mark.distributed
def test_worker_processes_write_pieces(client, tmp_path):
    with dask.config.set(scheduler=client):
        gridr_dask.to_zarr(scene().gridr.supertiles(LAZY, side=2, chunks=30), tmp_path / "a")
    with opened(tmp_path / "a", mask_and_scale=False) as back:
        expected = scene().gridr.resample(GRID)
        assert back.height.values.tobytes() == expected.height.values.tobytes()
        assert back.classes.values.tobytes() == expected.classes.values.tobytes()


def counting(size, chunk, seen):
    """A lazy grid of a plane, that knows which of its blocks were made."""

    def block(block_info=None):
        (rows, cols) = block_info[None]["array-location"]
        seen.append((rows[0], cols[0]))
        return np.add.outer(np.arange(*rows, dtype="f4"), np.arange(*cols, dtype="f4")) / 4

    sizes = ((chunk,) * (size // chunk),) * 2
    return da.map_blocks(block, chunks=sizes, dtype="f4", meta=np.empty((0, 0), "f4"))


def test_only_the_part_of_a_lazy_grid_that_a_piece_needs_is_computed():
    seen = []
    rows = counting(160, 20, seen)
    image = xr.DataArray(np.zeros((90, 90), "f4"), dims=("y", "x"))
    with dask.config.set(scheduler="synchronous"):
        tiles = iter(image.gridr.supertiles((rows, rows), chunks=20, side=2))
        assert seen == []
        region, piece = next(tiles)
        assert region == {"y": slice(0, 40), "x": slice(0, 40)}
        assert sorted(set(seen)) == [(0, 0), (0, 20), (20, 0), (20, 20)]
        seen.clear()
        piece.compute()
        assert sorted(set(seen)) == [(0, 0), (0, 20), (20, 0), (20, 20)]
        seen.clear()
        next(tiles)
        assert sorted(set(seen)) == [(0, 40), (0, 60), (20, 40), (20, 60)]


@pytest.mark.parametrize(("size", "count"), [(1 << 12, 25), (1 << 15, 1089)])
def test_what_is_held_does_not_grow_with_the_target(size, count):
    """Pieces of 256 chunks; the tasks of the larger target alone would take more than is allowed."""
    source = xr.DataArray(da.zeros((1000, 1000), chunks=500, dtype="f4"), dims=("y", "x"))
    positions = np.linspace(0, 999, size // 64 + 1)
    rows, cols = (da.from_array(part, chunks=64) for part in np.meshgrid(positions, positions, indexing="ij"))
    tiles = source.gridr.supertiles((rows, cols), grid_resolution=(64, 64), chunks=64, interp="nearest")
    assert len(tiles) == count
    pieces = iter(tiles)
    next(pieces)
    tracemalloc.start()
    try:
        for _ in range(3):
            _, piece = next(pieces)
            layers = {
                name: layer for name, layer in piece.data.dask.layers.items() if name.startswith("gridr-re")
            }
            assert [len(layer) for layer in layers.values()] == [256]
            del piece, layers
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("name", ["compute", "region", "append_dim"])
def test_pieces_are_written_now_and_whole(name, tmp_path):
    with pytest.raises(InvalidInputError, match=f"{name} can't go with supertiles"):
        gridr_dask.to_zarr(scene().gridr.supertiles(GRID), tmp_path / "a", **{name: False})


def test_a_side_is_a_number_of_chunks():
    with pytest.raises(InvalidInputError, match="side=0 must be a number of chunks"):
        scene().gridr.supertiles(GRID, side=0)
    tiles = scene().gridr.supertiles(GRID, side=2, chunks=20)
    assert "6 pieces of up to 2 x 2 chunks, y: 70, x: 90" in repr(tiles)
