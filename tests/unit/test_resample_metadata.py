"""What stays true of an xarray object after resampling is kept, the rest is dropped."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from gridr_dask.errors import InvalidInputError

GRID = tuple(np.mgrid[0:3, 0:5] + 0.5)
ATTRS = {"long_name": "height", "units": "m"}


@pytest.fixture
def image():
    made = xr.DataArray(
        np.arange(84, dtype="i2").reshape(2, 6, 7),
        dims=("band", "y", "x"),
        name="height",
        attrs=ATTRS,
        coords={
            "y": np.arange(6) * 10.0,
            "x": np.arange(7) * 10.0,
            "lat": (("y", "x"), np.zeros((6, 7))),
            "band": ["red", "blue"],
            "wavelength": ("band", [0.6, 0.4]),
            "time": np.datetime64("2024-05-01", "ns"),
            "spatial_ref": ((), 0, {"crs_wkt": "PROJCS[...]", "GeoTransform": "0 10 0 0 0 -10"}),
        },
    )
    made.encoding = {
        "zlib": True,
        "dtype": np.dtype("i2"),
        "chunksizes": (1, 6, 7),
        "preferred_chunks": {"y": 6},
        "grid_mapping": "spatial_ref",
        "source": "height.tif",
        "original_shape": (2, 6, 7),
    }
    return made


def test_the_name_and_the_attributes_are_kept(image):
    result = image.gridr.resample(GRID)
    assert result.name == "height"
    assert result.attrs == ATTRS


@pytest.mark.parametrize("option", [True, False, "default"])
def test_attributes_are_dropped_on_demand(image, option):
    with xr.set_options(keep_attrs=option):
        assert image.gridr.resample(GRID, keep_attrs=False).attrs == {}
        assert image.gridr.resample(GRID, keep_attrs=True).attrs == ATTRS
        assert image.gridr.resample(GRID, keep_attrs=None).attrs == (ATTRS if option else {})


def test_coordinates_without_a_spatial_dim_are_kept(image):
    result, valid = image.gridr.resample(GRID, return_mask=True)
    assert set(result.coords) == {"band", "wavelength", "time"}
    for name in result.coords:
        xr.testing.assert_identical(result[name].variable, image[name].variable)
    assert set(valid.coords) == {"time"}


def test_the_crs_of_the_source_does_not_outlive_its_grid(image):
    result = image.gridr.resample(GRID)
    assert "spatial_ref" not in result.coords
    assert "grid_mapping" not in result.attrs | result.encoding


def test_a_crs_variable_of_any_name_is_dropped(image):
    named = image.drop_vars("spatial_ref").assign_coords(utm=0).assign_attrs(grid_mapping="utm")
    result = named.gridr.resample(GRID)
    assert "utm" not in result.coords
    assert "grid_mapping" not in result.attrs


def test_new_coordinates_can_be_put_on(image):
    coords = {"y": [1.0, 2.0, 3.0], "x": ("x", np.arange(5)), "crs": 4326}
    for result in image.gridr.resample(GRID, coords=coords, return_mask=True):
        assert result.y.values.tolist() == [1, 2, 3]
        assert result.x.values.tolist() == [0, 1, 2, 3, 4]
        assert result.crs == 4326


def test_encoding_that_describes_the_file_is_dropped(image):
    assert image.gridr.resample(GRID).encoding == {"zlib": True, "dtype": np.dtype("i2")}
    assert image.gridr.resample(GRID, dtype="f4").encoding == {"zlib": True}


@pytest.mark.parametrize("place", ["attrs", "encoding"])
def test_a_declared_nodata_follows_what_was_written(image, place):
    getattr(image, place)["_FillValue"] = np.int16(-1)
    far = GRID[0] + 100, GRID[1]
    kept = image.gridr.resample(far)
    assert (kept == -1).all()
    assert getattr(kept, place)["_FillValue"] == -1
    other = image.gridr.resample(far, nodata_out=-7)
    assert (other == -7).all()
    assert getattr(other, place)["_FillValue"] == -7
    assert getattr(other, place)["_FillValue"].dtype == "i2"
    assert getattr(image, place)["_FillValue"] == -1


@pytest.mark.parametrize(
    ("dtype", "nodata_out", "want"),
    [("i2", -7, -7), ("f4", -7, -7), ("f4", np.nan, None), ("i2", "auto", None), ("?", True, None)],
    ids=str,
)
def test_a_nodata_that_is_chosen_is_declared(image, dtype, nodata_out, want):
    for keep_attrs in (True, False):
        result = image.astype(dtype).gridr.resample(GRID, nodata_out=nodata_out, keep_attrs=keep_attrs)
        assert result.attrs.get("_FillValue") == want
    assert want is None or result.attrs["_FillValue"].dtype == dtype


@pytest.mark.parametrize(("dtype", "value"), [("?", np.int8(-1)), ("M8[ns]", np.int64(-(2**63)))])
def test_the_encoding_of_what_was_decoded_is_left_alone(image, dtype, value):
    decoded = image.astype(dtype)
    decoded.encoding = {"_FillValue": value}
    result = decoded.gridr.resample((GRID[0] + 100, GRID[1]), interp="nearest")
    assert result.encoding == {"_FillValue": value}
    assert result.equals(xr.full_like(result, np.datetime64("NaT", "ns") if dtype == "M8[ns]" else False))


def test_a_declared_nodata_changes_its_type_with_the_result(image):
    image.attrs["nodata"] = np.int16(-1)
    result = image.gridr.resample(GRID, dtype="f4")
    assert result.attrs["nodata"].dtype == "f4"


def test_decoded_floats_keep_the_encoding_of_their_nan(image):
    decoded = image.astype("f4")
    decoded.encoding = {"_FillValue": -9999, "dtype": np.dtype("i2"), "scale_factor": 0.1}
    result = decoded.gridr.resample((GRID[0] + 100, GRID[1]))
    assert np.isnan(result).all()
    assert result.encoding == decoded.encoding


def test_a_nodata_that_the_output_cannot_hold_is_refused(image):
    image.attrs["_FillValue"] = -1
    with pytest.raises(InvalidInputError, match=r"nodata_out='auto' is _FillValue=-1.*uint8"):
        image.gridr.resample(GRID, dtype="u1")
    assert image.gridr.resample(GRID, dtype="u1", nodata_out=0).attrs["_FillValue"] == 0


def test_the_source_is_left_alone(image):
    before = image.copy(deep=True)
    image.gridr.resample(GRID, nodata_out=-5, coords={"y": [1, 2, 3]}, keep_attrs=False)
    xr.testing.assert_identical(image, before)
    assert image.encoding == before.encoding


def test_a_multi_index_on_another_dim_is_kept(image):
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["letter", "number"])
    coords = xr.Coordinates.from_pandas_multiindex(index, "band")
    stacked = image.drop_vars(["band", "wavelength"]).assign_coords(coords)
    result = stacked.gridr.resample(GRID)
    assert result.indexes["band"].equals(index)


@pytest.fixture
def dataset(image):
    made = xr.Dataset(
        {
            "height": image,
            "shade": (("y", "x"), np.ones((6, 7), "f4"), {"units": "1"}),
            "gain": ("band", [1.0, 2.0], {"units": "dB"}),
            "count": 5,
            "profile": ("y", np.arange(6)),
            "crs": ((), 0, {"grid_mapping_name": "transverse_mercator"}),
        },
        attrs={"title": "a scene"},
    )
    made.encoding = {"source": "scene.nc", "unlimited_dims": set()}
    return made


def test_variables_with_both_spatial_dims_are_resampled(dataset):
    result = dataset.gridr.resample(GRID)
    assert result.height.dims == ("band", "y", "x")
    xr.testing.assert_identical(result.height.variable, dataset.height.gridr.resample(GRID).variable)
    assert result.shade.shape == (3, 5)
    assert result.shade.attrs == {"units": "1"}


def test_variables_without_spatial_dims_pass_through(dataset):
    result = dataset.gridr.resample(GRID)
    xr.testing.assert_identical(result.gain.variable, dataset.gain.variable)
    xr.testing.assert_identical(result["count"].variable, dataset["count"].variable)


def test_what_is_no_longer_true_of_a_dataset_is_dropped(dataset):
    result = dataset.gridr.resample(GRID)
    assert set(result.data_vars) == {"height", "shade", "gain", "count"}
    assert set(result.coords) == {"band", "wavelength", "time"}
    assert "source" not in result.encoding


def test_attributes_of_a_dataset_follow_keep_attrs(dataset):
    assert dataset.gridr.resample(GRID).attrs == {"title": "a scene"}
    bare = dataset.gridr.resample(GRID, keep_attrs=False)
    assert bare.attrs == bare.height.attrs == {}


def test_validity_of_a_dataset_has_the_resampled_variables(dataset):
    result, valid = dataset.gridr.resample(GRID, return_mask=True)
    assert set(valid.data_vars) == {"height", "shade"}
    assert valid.height.dims == valid.shade.dims == ("y", "x")
    assert set(result.data_vars) > set(valid.data_vars)


def test_an_error_names_the_variable_of_a_dataset(dataset):
    with pytest.raises(InvalidInputError) as caught:
        dataset.gridr.resample(GRID, nodata_out=1e9)
    assert caught.value.__notes__ == ["while resampling the variable 'height'"]
