"""Which dims are spatial, which value means nothing, what stays true of the metadata."""

import numpy as np
import pytest
import xarray as xr

from gridr_dask.api.metadata import fill_of, keeps_attrs, spatial_dims
from gridr_dask.errors import InvalidInputError

F8, U2 = np.dtype("f8"), np.dtype("u2")


@pytest.mark.parametrize(
    ("dims", "want"),
    [
        (("y", "x"), ("y", "x")),
        (("x", "y"), ("y", "x")),
        (("time", "y", "x", "band"), ("y", "x")),
        (("lat", "lon", "time"), ("lat", "lon")),
        (("time", "latitude", "longitude"), ("latitude", "longitude")),
        (("band", "row", "col"), ("row", "col")),
        (("northing", "easting"), ("northing", "easting")),
        (("a", "b"), ("a", "b")),
    ],
)
def test_names_tell_which_dims_are_spatial(dims, want):
    assert spatial_dims(dims, None) == want


@pytest.mark.parametrize("given", [("a", "c"), ["c", "a"]])
def test_given_dims_win(given):
    assert spatial_dims(("y", "x", "a", "c"), given) == tuple(given)


@pytest.mark.parametrize(
    ("dims", "given", "message"),
    [
        (("a", "b", "c"), None, r"no spatial pair.*\['a', 'b', 'c'\].*pass dims="),
        (("x",), None, "no spatial pair"),
        ((), None, "no spatial pair"),
        (("y", "x", "lat", "lon"), None, r"several spatial pairs.*\('lat', 'lon'\)"),
        (("y", "x"), ("y", "z"), r"dims \['z'\] not found among \['y', 'x'\]"),
        (("y", "x"), ("y",), "dims must be a pair"),
        (("y", "x"), ("y", "y"), "dims must be a pair"),
        (("y", "x"), "yx", "dims must be a pair"),
        (("y", "x"), ("y", "x", "band"), "dims must be a pair"),
    ],
    ids=str,
)
def test_doubtful_dims_are_refused(dims, given, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        spatial_dims(dims, given)
    assert caught.value.code == "dims"


def array(dtype, attrs=None, encoding=None):
    made = xr.DataArray(np.zeros((2, 2), dtype), dims=("y", "x"), name="height", attrs=attrs)
    made.encoding = encoding or {}
    return made


FILLS = [
    ("nothing declared, float", array("f8"), F8, np.nan),
    ("nothing declared, integer", array("u2"), U2, 0),
    ("_FillValue in attrs", array("u2", {"_FillValue": 65535}), U2, 65535),
    ("missing_value in attrs", array("u2", {"missing_value": np.uint16(3)}), U2, 3),
    ("nodata in attrs", array("f4", {"nodata": -9999.0}), np.dtype("f4"), -9999),
    ("_FillValue first", array("u2", {"nodata": 1, "missing_value": 2, "_FillValue": 3}), U2, 3),
    ("in encoding", array("u2", None, {"_FillValue": 7}), U2, 7),
    ("attrs before encoding", array("u2", {"nodata": 1}, {"_FillValue": 7}), U2, 1),
    ("decoded floats hold NaN", array("f8", None, {"_FillValue": -9999, "dtype": "i2"}), F8, np.nan),
    ("another output type", array("u2", {"_FillValue": 65535}), F8, 65535.0),
    ("None is no value", array("u2", {"nodata": None}), U2, 0),
]


@pytest.mark.parametrize(("source", "dtype", "want"), [f[1:] for f in FILLS], ids=[f[0] for f in FILLS])
def test_the_source_declares_what_is_written_where_nothing_is(source, dtype, want):
    fill = fill_of(source, "auto", dtype)
    assert fill.dtype == dtype
    np.testing.assert_array_equal(fill, want)


def test_an_argument_wins_over_what_the_source_declares():
    assert fill_of(array("u2", {"_FillValue": 65535}), 4, U2) == 4


def test_a_declared_value_that_the_output_cannot_hold_is_named():
    with pytest.raises(InvalidInputError, match=r"_FillValue=65535.*'height'.*uint8.*pass nodata_out"):
        fill_of(array("u2", {"_FillValue": 65535}), "auto", np.dtype("u1"))


@pytest.mark.parametrize("option", ["default", True, False])
def test_options_decide_about_attributes_only_if_they_are_asked(option):
    with xr.set_options(keep_attrs=option):
        assert keeps_attrs(True)
        assert not keeps_attrs(False)
        assert keeps_attrs(None) is (option is not False)
