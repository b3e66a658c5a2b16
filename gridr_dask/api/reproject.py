"""`reproject` on a DataArray or a Dataset: a target in another CRS, and metadata that say where it lies."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

import xarray as xr

from gridr_dask.api.georeference import odc_for_xarray
from gridr_dask.api.kernels import Interp
from gridr_dask.api.metadata import is_auto
from gridr_dask.api.request import DType
from gridr_dask.api.resample import resample
from gridr_dask.errors import InvalidInputError
from gridr_dask.positions import CrsGrid

__all__ = ["reproject"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_ALIASING = 2.0
"""Source pixels per target pixel from which on a kernel, which does not grow with it, leaves some out."""


def reproject(
    obj: _Object,
    how: Any,
    *,
    interp: Interp = "nearest",
    resolution: Any = "auto",
    shape: Any = None,
    anchor: Any = "default",
    tight: bool = False,
    chunks: Any = "auto",
    mask: Any = None,
    source: str = "auto",
    src_nodata: Any = "auto",
    nodata_out: Any = "auto",
    nan_policy: str = "propagate",
    dtype: DType = None,
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
    return resample(
        obj,
        grid,
        interp={...: "nearest", **interp} if isinstance(interp, Mapping) else interp,
        chunks=None if is_auto(chunks) else chunks,
        mask=mask,
        source=source,
        src_nodata=src_nodata,
        nodata_out=nodata_out,
        nan_policy=nan_policy,
        dtype=dtype,
        return_mask=return_mask,
        variables=variables,
        dims=dims,
        coords=target,
        keep_attrs=keep_attrs,
    )


def _georeference(obj: Any, what: str) -> tuple[Any, tuple[Hashable, Hashable]]:
    """Return the GeoBox of an object, from its coordinates and CRS, and the dims that it has."""
    odc_for_xarray()
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
