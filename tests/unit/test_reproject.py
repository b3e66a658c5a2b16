"""`reproject`: what it takes, and what it says about its result."""

import sys
import warnings

import numpy as np
import pytest
import rioxarray  # noqa: F401 - registers .rio
import xarray as xr
from odc.geo.geobox import GeoBox

from gridr_dask import MissingDependencyError
from gridr_dask.errors import InvalidInputError
from gridr_dask.positions import crs
from tests.geo import UTM, gdal, texture

MERCATOR = "EPSG:3857"


@pytest.fixture
def image():
    return texture(UTM).rename("height").assign_attrs(units="m")


def test_the_result_says_where_it_lies(image):
    result = image.gridr.reproject(MERCATOR)
    assert result.odc.geobox.crs == MERCATOR
    assert result.odc.geobox == image.odc.output_geobox(MERCATOR)
    assert result.rio.crs.to_epsg() == 3857
    np.testing.assert_allclose(result.rio.transform(), result.odc.geobox.transform)
    assert (result.name, result.attrs["units"], result.dims) == ("height", "m", ("y", "x"))
    assert result.encoding["grid_mapping"] == "spatial_ref"


def test_dims_are_named_by_the_crs_of_the_target(image):
    there = image.gridr.reproject("EPSG:4326")
    assert there.dims == ("latitude", "longitude")
    assert there.gridr.reproject(UTM).dims == ("y", "x")


@pytest.mark.parametrize("option", ["resolution", "shape", "anchor", "tight"])
def test_options_of_the_target_are_those_of_odc(image, option):
    how = {option: {"resolution": 100, "shape": (30, 40), "anchor": "center", "tight": True}[option]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = image.gridr.reproject(MERCATOR, **how)
    assert result.odc.geobox == image.odc.output_geobox(MERCATOR, **how)


def test_any_way_to_name_a_target_gives_the_same(image):
    expected = image.gridr.reproject(MERCATOR)
    box = expected.odc.geobox
    for how in (3857, box.crs, box.crs.proj, box, expected, expected.to_dataset()):
        xr.testing.assert_equal(image.gridr.reproject(how), expected)


def test_nearest_values_are_those_of_gdal(image):
    box = image.odc.output_geobox(MERCATOR)
    theirs = gdal(image.expand_dims("band"), box, "nearest")[0]
    ours, valid = image.gridr.reproject(box, tolerance=0, return_mask=True)
    np.testing.assert_array_equal(ours.values[valid.values], theirs[valid.values])


def test_the_same_pixels_are_the_same_image(image):
    assert image.gridr.reproject(UTM, interp="cubic").equals(image)
    turned = image.transpose("x", "y").gridr.reproject(UTM, interp="cubic")
    assert turned.dims == ("x", "y")
    assert turned.equals(image.transpose("x", "y"))


def test_a_source_that_only_rioxarray_knows(image):
    bare = xr.DataArray(image.values, {"y": image.y.values, "x": image.x.values}, ("y", "x"))
    result = bare.rio.write_crs(UTM.crs.to_wkt()).gridr.reproject(MERCATOR)
    np.testing.assert_array_equal(result, image.gridr.reproject(MERCATOR))


def test_a_dataset_keeps_what_stays_true(image):
    dataset = xr.Dataset(
        {"height": image, "count": image.astype("u2").expand_dims(time=[1, 2]), "offsets": ("time", [5, 6])},
        attrs={"title": "two"},
    ).assign_coords(label=("y", np.arange(len(image.y))), season=("time", ["a", "b"]), scalar=3.0)
    result = dataset.gridr.reproject(MERCATOR)
    assert result.attrs == {"title": "two"}
    assert set(result.coords) == {"time", "season", "scalar", "y", "x", "spatial_ref"}
    assert result.offsets.identical(dataset.offsets.assign_coords(spatial_ref=result.spatial_ref))
    assert result["count"].dims == ("time", "y", "x")
    assert (result["count"].dtype, result.height.dtype) == (np.dtype("u2"), np.dtype("f4"))
    np.testing.assert_array_equal(result.height, image.gridr.reproject(MERCATOR))
    assert result.rio.crs.to_epsg() == 3857


def test_a_mask_lies_where_its_image_lies(image):
    result, valid = image.gridr.reproject(MERCATOR, return_mask=True)
    assert valid.odc.geobox == result.odc.geobox
    np.testing.assert_array_equal(valid, np.isfinite(result))


def test_a_mask_of_the_source_is_heeded(image):
    mask = np.ones(image.shape, bool)
    mask[50:60, 70:80] = False
    for source in (image, image.chunk(64)):
        _, valid = source.gridr.reproject(UTM, mask=mask, return_mask=True)
        np.testing.assert_array_equal(valid, mask)


def test_each_variable_may_have_its_kernel(image):
    dataset = xr.Dataset({"a": image, "b": image, "c": image.astype("u1")})
    result = dataset.gridr.reproject(MERCATOR, interp={"a": "cubic", "u1": "linear"})
    for name, interp in (("a", "cubic"), ("b", "nearest"), ("c", "linear")):
        assert result[name].equals(dataset[name].gridr.reproject(MERCATOR, interp=interp))


def test_chunks_make_it_lazy(image):
    assert image.gridr.reproject(MERCATOR).chunks is None
    assert image.gridr.reproject(MERCATOR, chunks=64).chunks[0][0] == 64
    assert image.chunk(x=100).gridr.reproject(MERCATOR).chunks is not None


def test_nodata_that_is_chosen_is_said(image):
    box = UTM.pad(3)
    result = image.astype("u1").gridr.reproject(box, nodata_out=255)
    assert result.rio.nodata == 255
    assert (result[0] == 255).all()
    declared = image.astype("u1").assign_attrs(_FillValue=np.uint8(7)).gridr.reproject(box)
    assert declared.rio.nodata == 7
    assert (declared[0] == 7).all()


def test_it_survives_a_file(image, tmp_path):
    result = image.gridr.reproject(MERCATOR)
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf", decode_coords="all") as back:
        assert back.height.odc.geobox == result.odc.geobox
        assert back.rio.crs.to_epsg() == 3857


def test_down_sampling_warns(image):
    with pytest.warns(UserWarning, match=r"a target pixel spans 4\.0 source pixels.*aliases"):
        image.gridr.reproject(UTM.zoom_out(4))
    image.gridr.reproject(UTM.zoom_out(1.9))


def test_beyond_the_domain_of_a_projection_there_is_nothing():
    image = texture(GeoBox.from_bbox((-180, -90, 180, 90), "EPSG:4326", shape=(90, 180)))
    globe = GeoBox.from_bbox((-7e6, -7e6, 7e6, 7e6), "+proj=ortho +lat_0=40", shape=(120, 120))
    _, valid = image.gridr.reproject(globe, interp="cubic", return_mask=True)
    y, x = np.meshgrid(*(globe.coordinates[name].values for name in "yx"), indexing="ij")
    radius = np.hypot(y, x)
    assert valid.values[radius < 6.3e6].all()
    assert not valid.values[radius > 6.4e6].any()


@pytest.mark.parametrize(
    ("change", "how", "options", "message"),
    [
        ({}, "EPSG:99999999", {}, "how='EPSG:99999999' .* must be a CRS, a GeoBox"),
        ({}, UTM, {"resolution": 10}, "resolution can't go with how=GeoBox"),
        ({}, MERCATOR, {"tolerance": -1}, "tolerance=-1 must be"),
        ({}, MERCATOR, {"tolerance": np.nan}, "tolerance=nan must be"),
        ({"crs": None}, MERCATOR, {}, r"the source has no .*; say .* \.odc\.assign_crs"),
        ({}, xr.DataArray(np.zeros((3, 4))), {}, "the object to match has no"),
        ({}, MERCATOR, {"interp": "sinc"}, "sinc"),
    ],
    ids=str,
)
def test_doubtful_calls_are_refused(image, change, how, options, message):
    if "crs" in change:
        image = image.drop_vars("spatial_ref")
        image.encoding.pop("grid_mapping", None)
        image.y.attrs.clear()
        image.x.attrs.clear()
    with pytest.raises(InvalidInputError, match=message):
        image.gridr.reproject(how, **options)


@pytest.mark.parametrize("missing", ["odc.geo.xr", "pyproj"])
def test_a_missing_package_is_named_with_its_extra(image, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    crs._local.__dict__.clear()
    with pytest.raises(MissingDependencyError, match=r"pip install 'gridr_dask\[geo\]'"):
        image.gridr.reproject(UTM.pad(1))
