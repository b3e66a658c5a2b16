"""Arrays that are expressions give expressions. Run by `test_expressions`, which says of which package."""

import os
from importlib import import_module

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr

arrays = import_module(os.environ.get("GRIDR_EXPRESSIONS", "dask.array"))

GRID = np.mgrid[:40, :30] * 1.1 + 0.3


def image(chunks):
    values = np.random.default_rng(1).random((2, 50, 40)).astype("f4")
    # By a number of that type: dask's own expressions make float64 of others.
    data = values if chunks is None else arrays.from_array(values, chunks=chunks) * np.float32(1)
    return xr.DataArray(data, dims=("band", "y", "x"))


def assert_same(lazy, eager):
    assert isinstance(lazy.data, arrays.Array)
    assert lazy.dtype == eager.dtype
    assert lazy.data.compute().tobytes() == eager.values.tobytes()


@pytest.mark.parametrize("return_mask", [False, True])
def test_an_expression_gives_an_expression_of_the_same_bytes(return_mask):
    arguments = {"interp": "bspline3", "return_mask": return_mask}
    results = image((1, 20, 25)).gridr.resample(GRID, chunks=16, **arguments)
    expected = image(None).gridr.resample(GRID, **arguments)
    pairs = zip(results, expected, strict=True) if return_mask else [(results, expected)]
    for lazy, eager in pairs:
        assert_same(lazy, eager)
        assert lazy.data[..., 3:20, 7].compute().tobytes() == eager.values[..., 3:20, 7].tobytes()
        assert (lazy.data > 0).sum().compute() == (eager.values > 0).sum()


def test_the_grid_can_be_expressions():
    rows, cols = (arrays.from_array(part, chunks=16) for part in GRID)
    lazy = image((1, 20, 25)).gridr.resample((rows, cols), chunks=16)
    with dask.config.set(scheduler="synchronous"):
        assert_same(lazy, image(None).gridr.resample(GRID))


def test_the_mask_can_be_one():
    mask = image(None)[0] > 0.1
    lazy = image((1, 20, 25)).gridr.resample(GRID, chunks=16, mask=arrays.from_array(mask.values, chunks=16))
    assert_same(lazy, image(None).gridr.resample(GRID, mask=mask))


def test_parts_and_pieces_are_expressions_too():
    expected = image(None).gridr.resample(GRID)
    for region, piece in image((1, 20, 25)).gridr.supertiles(GRID, side=2, chunks=10):
        assert_same(piece, expected.isel(region))
    with dask.config.set({"gridr.task-memory": (4 << 20) + 9000}):
        assert image((1, 5, 5)).gridr.plan(GRID, chunks=30).joined is not None
        assert_same(image((1, 5, 5)).gridr.resample(GRID, chunks=30), expected)


@pytest.mark.parametrize("source", ["auto", "blocks", "direct"])
def test_a_store_that_is_read_in_blocks_gives_what_goes_with_dask(tmp_path, source):
    whole = image(None)[0].rename("image")
    encoding = {"image": {"chunks": (16, 16)}}
    whole.to_dataset().to_zarr(tmp_path / "image.zarr", encoding=encoding, consolidated=False)
    opened = xr.open_zarr(tmp_path / "image.zarr", chunks=None, consolidated=False)["image"]
    expected = whole.gridr.resample(GRID)
    lazy = opened.gridr.resample(GRID, chunks=5, source=source)
    assert isinstance(lazy.data, da.Array)
    assert lazy.data.compute().tobytes() == expected.values.tobytes()
    for region, piece in opened.gridr.supertiles(GRID, chunks=5, side=4, source=source):
        assert piece.data.compute().tobytes() == expected.isel(region).values.tobytes()
