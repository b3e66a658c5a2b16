"""`reproject` on a DataArray or a Dataset: a target in another CRS, and metadata that say where it lies."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

import numpy.typing as npt
import xarray as xr

from gridr_dask.api.resample import resample
from gridr_dask.compute.interpolators import Interpolator
from gridr_dask.errors import InvalidInputError, MissingDependencyError
from gridr_dask.positions import CrsGrid

__all__ = ["reproject"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_ALIASING = 2.0
"""Source pixels per target pixel from which on a kernel, which does not grow with it, leaves some out."""

_GEOREFERENCE = "spatial_ref"


def reproject(
    obj: _Object,
    how: Any,
    *,
    interp: str | Interpolator = "nearest",
    resolution: Any = "auto",
    shape: Any = None,
    anchor: Any = "default",
    tight: bool = False,
    chunks: Any = "auto",
    source: str = "auto",
    src_nodata: Any = "auto",
    nodata_out: Any = "auto",
    nan_policy: str = "propagate",
    dtype: npt.DTypeLike | None = None,
    tolerance: float = 0.01,
    return_mask: bool = False,
    variables: Iterable[Hashable] | None = None,
    keep_attrs: bool | None = True,
) -> Any:
    """Reproject an object; see `gridr_dask.accessor.GridrAccessor.reproject`."""
    box, dims = _georeference(obj, "the source")
    target = _target(box, how, resolution=resolution, shape=shape, anchor=anchor, tight=tight)
    grid = CrsGrid.between(box, target, tolerance)
    scale = grid.pixels_per_pixel()
    if scale > _ALIASING:
        warnings.warn(
            f"a target pixel spans {scale:.1f} source pixels, of which interpolation sees only the nearest: "
            f"fine detail aliases. Ask for a finer resolution, or coarsen the source first "
            f"(`.coarsen(...).mean()`)",
            UserWarning,
            stacklevel=3,
        )
    result = resample(
        obj,
        grid,
        interp=interp,
        chunks=None if isinstance(chunks, str) and chunks == "auto" else chunks,
        source=source,
        src_nodata=src_nodata,
        nodata_out=nodata_out,
        nan_policy=nan_policy,
        dtype=dtype,
        return_mask=return_mask,
        variables=variables,
        dims=dims,
        keep_attrs=keep_attrs,
    )
    if not return_mask:
        return _placed(result, dims, target, nodata_out)
    return _placed(result[0], dims, target, nodata_out), _placed(result[1], dims, target)


def _odc() -> Any:
    """Return odc-geo's module for xarray, which registers ``.odc``."""
    try:
        import odc.geo.xr
    except ImportError as error:
        raise MissingDependencyError(
            "reproject needs odc-geo and pyproj: pip install 'gridr_dask[geo]'", "geo"
        ) from error
    return odc.geo.xr


def _georeference(obj: Any, what: str) -> tuple[Any, tuple[Hashable, Hashable]]:
    """Return the GeoBox of an object, from its coordinates and CRS, and the dims that it has."""
    _odc()
    box, dims = obj.odc.uncached.geobox, obj.odc.spatial_dims
    if box is None or box.crs is None or dims is None:
        raise InvalidInputError(
            f"{what} has no {'CRS' if box is not None else 'georeference'}; say where it lies with "
            f"coordinates along its spatial dims and .odc.assign_crs(...) or .rio.write_crs(...)",
            "crs",
        )
    if not hasattr(box, "transform"):
        raise InvalidInputError(
            f"{what} is georeferenced by control points, not by a transform; warp it through a grid of "
            f"positions with .gridr.resample",
            "crs",
        )
    return box, dims


def _target(source: Any, how: Any, **options: Any) -> Any:
    """Return the GeoBox that `how` means: itself, that of another object, or a CRS and options."""
    from odc.geo.geobox import GeoBox
    from odc.geo.overlap import compute_output_geobox

    if isinstance(how, (GeoBox, xr.DataArray, xr.Dataset)):
        plain = {"resolution": "auto", "shape": None, "anchor": "default", "tight": False}
        given = [
            name
            for name, value in options.items()
            if not (value is plain[name] or (isinstance(value, str) and value == plain[name]))
        ]
        if given:
            raise InvalidInputError(
                f"{' and '.join(given)} can't go with how={type(how).__name__}, which says it all; give a "
                f"CRS instead",
                "how",
            )
        return how if isinstance(how, GeoBox) else _georeference(how, "the object to match")[0]
    try:
        return compute_output_geobox(source, how, **options)
    except Exception as error:
        raise InvalidInputError(
            f"how={how!r} with {options} gives no target; how must be a CRS, a GeoBox, or an xarray object "
            f"to match: {error}",
            "how",
        ) from error


def _placed(result: Any, dims: tuple[Hashable, Hashable], target: Any, nodata: Any = "auto") -> Any:
    """Return a result with the dims, coordinates and CRS of its target, and its nodata if that was chosen."""
    renamed = {old: new for old, new in zip(dims, target.dimensions, strict=True) if old != new}
    result = result.rename(renamed) if renamed else result
    result = result.assign_coords(_odc().xr_coords(target, _GEOREFERENCE))
    arrays = result.data_vars.values() if isinstance(result, xr.Dataset) else [result]
    for array in arrays:
        if set(target.dimensions) <= set(array.dims):
            array.encoding["grid_mapping"] = _GEOREFERENCE
            declared = {*array.attrs, *array.encoding} & {"_FillValue", "missing_value", "nodata"}
            if not declared and not (isinstance(nodata, str) and nodata == "auto"):
                array.attrs["_FillValue"] = array.dtype.type(nodata)
    return result
