"""Arrays that are neither numpy's nor dask's: xarray's variables are taken, others refused by their name."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask  # noqa: F401 - registers the accessor
from tests.rasters import GRID, image


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """What pint, sparse and cupy have in common for xarray: an array that speaks numpy's protocols."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("converted behind the user's back")

    def __array_ufunc__(self, *arguments, **options):
        return NotImplemented

    def __array_function__(self, *arguments, **options):
        return NotImplemented

    def __getitem__(self, key):
        return Foreign(self.values[key])


def foreign():
    return Foreign(np.zeros((60, 75)))


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (xr.DataArray(foreign(), dims=("y", "x")), {}, r"the source is a \w+\.Foreign; .*numpy.*as_numpy"),
        (image(), {"grid": (Foreign(GRID[0]), GRID[1])}, r"grid rows is a \w+\.Foreign"),
        (image(), {"grid_mask": Foreign(GRID[0])}, r"grid_mask is a \w+\.Foreign"),
        (image(), {"mask": foreign()}, r"mask is a \w+\.Foreign"),
        (image(), {"grid": np.ma.masked_less(GRID, 3)}, r"grid is a numpy\.MaskedArray.*fill it"),
        (
            image(),
            {"mask": da.ma.masked_equal(da.ones((60, 75)), 1)},
            r"mask is a dask array of numpy\.Masked",
        ),
    ],
    ids=["source", "grid", "grid mask", "mask", "masked grid", "lazy masked mask"],
)
def test_arrays_of_other_packages_are_refused(source, arguments, message):
    with pytest.raises(TypeError, match=message):
        source.gridr.resample(**{"grid": GRID} | arguments)


def test_variables_are_grids_and_masks_too():
    rows, cols = (xr.Variable(("a", "b"), nodes) for nodes in GRID)
    mask = np.random.default_rng(5).random((60, 75)) > 0.1
    want = image().gridr.resample(GRID, mask=mask)
    got = image().gridr.resample((rows, cols), mask=xr.Variable(("y", "x"), mask))
    xr.testing.assert_identical(got, want)
    turned = image().gridr.resample((rows, cols), mask=xr.Variable(("x", "y"), mask.T))
    xr.testing.assert_identical(turned, want)
