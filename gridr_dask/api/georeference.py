"""Where a result lies: its coordinates and its CRS."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import xarray as xr

from gridr_dask.api.metadata import is_crs
from gridr_dask.api.request import Request
from gridr_dask.errors import InvalidInputError, MissingDependencyError

__all__ = ["odc_for_xarray", "with_coords"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_NAME = "spatial_ref"
"""Where rioxarray and odc-geo look for a CRS first."""


def odc_for_xarray() -> Any:
    """Return odc-geo's module for xarray, which registers ``.odc``."""
    try:
        import odc.geo.xr
    except ImportError as error:
        raise MissingDependencyError(
            "reproject needs odc-geo and pyproj: pip install 'gridr_dask[geo]'", "geo"
        ) from error
    return odc.geo.xr


def with_coords(result: _Object, request: Request) -> _Object:
    """Return a result with the coordinates that a call asks for, and its CRS if there is one among them."""
    coords, dims = request.coords, request.spatial
    if not isinstance(coords, Mapping):
        box = _part(coords, request)
        renamed = {old: new for old, new in zip(dims, box.dimensions, strict=True) if old != new}
        result = result.rename(renamed) if renamed else result
        coords, dims = odc_for_xarray().xr_coords(box, _NAME), box.dimensions
    result = result.assign_coords(coords)
    crs = [name for name in coords if is_crs(result.coords[name])]
    for array in _spatial(result, dims) if crs else []:
        array.encoding["grid_mapping"] = crs[0]
    return result


def _part(box: Any, request: Request) -> Any:
    """Return the part of a GeoBox that the window of a call shows."""
    whole = request.positions.grid.target_shape
    if not hasattr(box, "dimensions") or not hasattr(box, "shape"):
        raise InvalidInputError(
            f"coords must be a mapping by name, as assign_coords takes it, or a GeoBox; got {box!r}", "coords"
        )
    if tuple(box.shape) != whole:
        raise InvalidInputError(
            f"coords is a GeoBox of {tuple(box.shape)} pixels, but the whole target has {whole}", "coords"
        )
    return box if request.target.shape == whole else box[request.target.slices]


def _spatial(result: xr.DataArray | xr.Dataset, dims: tuple[Hashable, Hashable]) -> list[xr.DataArray]:
    arrays = result.data_vars.values() if isinstance(result, xr.Dataset) else [result]
    return [array for array in arrays if set(dims) <= set(array.dims)]
