"""The same reprojection by this package and by odc-geo: from UTM to Web Mercator, in chunks, in memory."""

from __future__ import annotations

import warnings
from typing import Any

import dask.array as da
import numpy as np

from tests.benchmarks.measure import Call
from tests.benchmarks.peers import Absent, module

CHUNK = 2048
_EDGE = 0.1
"""odc-geo's positions are GDAL's, off by up to 1/8 pixel; a wave of the image changes by this in a pixel."""


def ours(kernel: str, size: int) -> Call:
    """Make the call of this package."""
    source, target = _pair(size)
    chunks = min(CHUNK, size)
    return Call(lambda: source.gridr.reproject(target, interp=kernel, chunks=chunks).compute())


def odc_geo(kernel: str, size: int) -> Call:
    """Make the call of odc-geo, which gives each chunk to GDAL."""
    source, target = _pair(size)
    method = {"linear": "bilinear"}.get(kernel, kernel)
    chunks = (min(CHUNK, size),) * 2
    reproject = module("odc.geo.xr").xr_reproject

    def run() -> Any:
        with warnings.catch_warnings():
            # rasterio looks for a transform in what odc-geo gives it.
            warnings.simplefilter("ignore")
            return reproject(source, target, resampling=method, chunks=chunks).compute()

    return Call(run, tolerance=_EDGE)


def _pair(size: int) -> tuple[Any, Any]:
    """Return an image of waves in UTM, lazily, and a target of as many pixels within it."""
    module("rasterio")
    geobox = module("odc.geo.geobox").GeoBox
    west, south, extent = 399_960, 4_890_240, 10 * size
    box = geobox.from_bbox((west, south, west + extent, south + extent), "EPSG:32632", shape=(size, size))
    along = np.arange(size, dtype=np.float32)
    waves = (1 + np.sin(along / 9)[:, None] * np.cos(along / 11)) / 2
    image = da.from_array(waves, chunks=min(CHUNK, size))
    source = module("odc.geo.xr").wrap_xr(image, box)
    inner = box.pad(-size // 16).footprint("EPSG:3857").boundingbox
    inner = inner.buffered(-0.04 * inner.span_x, -0.04 * inner.span_y)
    return source, geobox.from_bbox(inner, "EPSG:3857", shape=(size, size), tight=True)


def absent() -> str:
    """Say why odc-geo can't be compared with, or nothing."""
    try:
        module("odc.geo.xr"), module("rasterio")
    except Absent as reason:
        return str(reason)
    return ""
