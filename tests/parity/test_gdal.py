"""`reproject` beside GDAL's warp, each pixel transformed. The page on reprojection quotes the figures."""

import numpy as np
import pytest

from tests.geo import gdal, mountains

IMAGES = {"rmnp-rgb.tif": 0.02, "rmnp-dem.tif": 0.05}
"""With the share of pixels, at edges, for which GDAL is content with part of the kernel."""

WITHOUT_SMOOTHING = {"XSCALE": 1, "YSCALE": 1}


@pytest.mark.parametrize("name", IMAGES)
def test_nearest_is_that_of_gdal(name):
    image = mountains(name)
    box = image.odc.output_geobox("EPSG:3857")
    np.testing.assert_array_equal(image.gridr.reproject(box, tolerance=0).values, gdal(image, box, "nearest"))


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("interp", ["linear", "cubic"])
def test_interpolation_is_that_of_gdal_inside(name, interp):
    image = mountains(name)
    box = image.odc.output_geobox("EPSG:3857")
    ours, valid = image.gridr.reproject(box, interp=interp, tolerance=0, return_mask=True)
    theirs = gdal(image, box, interp, **WITHOUT_SMOOTHING)
    known = theirs != image.rio.nodata
    assert not (valid.values & ~known).any()
    assert (known & ~valid.values).mean() < IMAGES[name]
    both = known & valid.values
    difference = np.abs(ours.values.astype(int) - theirs.astype(int))[both]
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.9995


def test_gdal_smooths_where_a_pixel_holds_more_than_one():
    """One source pixel is 0.0015 degrees wide and high, a target pixel 193 m: more of them along y."""
    image = mountains("rmnp-rgb.tif")
    box = image.odc.output_geobox("EPSG:3857")
    smoothed, plain = gdal(image, box, "cubic"), gdal(image, box, "cubic", **WITHOUT_SMOOTHING)
    assert (smoothed != plain).mean() > 0.5
