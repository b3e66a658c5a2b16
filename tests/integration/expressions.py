"""Arrays of the package dask-array: an expression gives an expression. Run by `test_expressions`."""

import dask
import dask_array
import numpy as np
import pytest
import xarray as xr

GRID = np.mgrid[:40, :30] * 1.1 + 0.3


def image(chunks):
    values = np.random.default_rng(1).random((2, 50, 40)).astype("f4")
    data = values if chunks is None else dask_array.from_array(values, chunks=chunks) * 1
    return xr.DataArray(data, dims=("band", "y", "x"))


@pytest.mark.parametrize("return_mask", [False, True])
def test_an_expression_gives_an_expression_of_the_same_bytes(return_mask):
    arguments = {"interp": "bspline3", "return_mask": return_mask}
    results = image((1, 20, 25)).gridr.resample(GRID, chunks=16, **arguments)
    expected = image(None).gridr.resample(GRID, **arguments)
    pairs = zip(results, expected, strict=True) if return_mask else [(results, expected)]
    for lazy, eager in pairs:
        assert isinstance(lazy.data, dask_array.Array)
        assert lazy.dtype == eager.dtype
        assert lazy.data.compute().tobytes() == eager.values.tobytes()
        assert lazy.data[..., 3:20, 7].compute().tobytes() == eager.values[..., 3:20, 7].tobytes()
        assert (lazy.data > 0).sum().compute() == (eager.values > 0).sum()


def test_the_grid_can_be_expressions():
    rows, cols = (dask_array.from_array(part, chunks=16) for part in GRID)
    lazy = image((1, 20, 25)).gridr.resample((rows, cols), chunks=16)
    with dask.config.set(scheduler="synchronous"):
        assert lazy.data.compute().tobytes() == image(None).gridr.resample(GRID).values.tobytes()
