"""The forms in which users give a grid."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from gridr_dask.api.grids import node_coordinates
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

ROWS, COLS = np.mgrid[0:3.0, 0:4.0]
DIMS = ("y", "x")

FORMS = {
    "pair": (ROWS, COLS),
    "list": [ROWS, COLS],
    "nested lists": (ROWS.tolist(), COLS.tolist()),
    "stacked": np.stack([ROWS, COLS]),
    "pair of DataArrays": (xr.DataArray(ROWS, dims=DIMS), xr.DataArray(COLS, dims=DIMS)),
    "stacked DataArray": xr.DataArray(np.stack([ROWS, COLS]), dims=("coord", *DIMS)),
    "Dataset": xr.Dataset({"row": (DIMS, ROWS), "col": (DIMS, COLS), "other": 1}),
    "Dataset of swapped dims": xr.Dataset({"row": (DIMS, ROWS), "col": (DIMS[::-1], COLS.T)}),
    "Dataset of coordinates": xr.Dataset(coords={"row": (DIMS, ROWS), "col": (DIMS, COLS)}),
    "dask pair": (da.from_array(ROWS), da.from_array(COLS)),
    "dask stacked": da.from_array(np.stack([ROWS, COLS])),
    "mixed": (ROWS, da.from_array(COLS)),
    "integers": (ROWS.astype(int), COLS.astype("u1")),
    "half floats": (ROWS.astype("f2"), COLS.astype("f2")),
}


@pytest.mark.parametrize("grid", FORMS.values(), ids=FORMS.keys())
def test_a_grid_comes_in_many_forms(grid):
    rows, cols = node_coordinates(grid)
    assert rows.dtype == cols.dtype == np.float64
    np.testing.assert_array_equal(rows, ROWS)
    np.testing.assert_array_equal(cols, COLS)


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", ">f8"])
def test_floats_stay_what_they_are(dtype):
    rows, cols = node_coordinates((ROWS.astype(dtype), COLS.astype(dtype)))
    assert rows.dtype == cols.dtype == np.dtype(dtype)


def test_a_dask_grid_stays_lazy():
    for nodes in node_coordinates(FORMS["dask stacked"]):
        assert isinstance(nodes, da.Array)


WRONG = {
    "three arrays": ((ROWS, COLS, ROWS), "3 items"),
    "one array": ([ROWS], "1 items"),
    "2-D array": (ROWS, r"shape \(3, 4\)"),
    "three planes": (np.zeros((3, 4, 5)), r"shape \(3, 4, 5\)"),
    "planes last": (np.zeros((4, 5, 2)), r"shape \(4, 5, 2\)"),
    "different shapes": ((ROWS, COLS[:, :3]), r"\(3, 4\) and \(3, 3\)"),
    "1-D coordinates": ((ROWS[:, 0], COLS[0]), r"rows.*shape \(3,\)"),
    "3-D coordinates": ((ROWS[None], COLS[None]), r"rows.*shape \(1, 3, 4\)"),
    "scalars": ((1, 2), r"shape \(\)"),
    "a text": ("grid", r"shape \(\)"),
    "None": (None, r"shape \(\)"),
    "a Dataset without col": (xr.Dataset({"row": (DIMS, ROWS)}), r"missing \['col'\].*found"),
    "an empty Dataset": (xr.Dataset(), r"missing \['col', 'row'\]"),
}


@pytest.mark.parametrize(("grid", "message"), WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_refused(grid, message):
    with pytest.raises(InvalidInputError, match=f"grid.*{message}") as caught:
        node_coordinates(grid)
    assert caught.value.code == "grid"


@pytest.mark.parametrize("dtype", ["?", "c16", "g", "O", "S3", "M8[ns]"])
def test_coordinates_are_real_numbers(dtype):
    odd = np.zeros((3, 4), dtype)
    with pytest.raises(UnsupportedDtypeError, match=r"grid cols must be float32 or float64") as caught:
        node_coordinates((ROWS, odd))
    assert str(odd.dtype) in str(caught.value)


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match=r"grid|inhomogeneous"):
        node_coordinates(([[1, 2], [3]], [[1, 2], [3]]))
