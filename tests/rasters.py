"""A small image as xarray has them, a grid over it, and the blocks of what lazy calls return."""

import string

import numpy as np
import xarray as xr
from odc.geo.geobox import GeoBox

GRID = tuple(np.mgrid[0:40, 0:50] * 1.5 + 0.25)
BOX = GeoBox.from_bbox((500_000, 5_000_000, 500_500, 5_000_400), "EPSG:32632", resolution=10)
"""40 x 50 pixels: where a target lies."""


def image(dtype="f4", chunks=None, leading=(), **kwargs):
    values = np.random.default_rng(3).integers(0, 100, (*leading, 60, 75)).astype(dtype)
    dims = (*string.ascii_lowercase[: len(leading)], "y", "x")
    made = xr.DataArray(values, dims=dims, name="height", **kwargs)
    return made if chunks is None else made.chunk(chunks)


def blocks(array):
    """The computed blocks of a dask array, each by itself."""
    return [block.compute() for block in array.data.blocks.ravel()]
