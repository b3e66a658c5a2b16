"""xarray manners: which dims are spatial, which value means nothing, what stays true of the metadata."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from gridr_dask.compute.dtypes import cast_fill, default_fill
from gridr_dask.errors import InvalidInputError

__all__ = ["fill_of", "keeps_attrs", "kept_coords", "nodata_of", "resampled_metadata", "spatial_dims"]

_NAMES = (
    ("y", "x"),
    ("row", "col"),
    ("rows", "cols"),
    ("lat", "lon"),
    ("latitude", "longitude"),
    ("northing", "easting"),
)
_NODATA = ("_FillValue", "missing_value", "nodata")
_OF_THE_FILE = frozenset(
    [
        *("chunks", "preferred_chunks", "chunksizes", "shards", "contiguous", "original_shape"),
        *("source", "grid_mapping", "coordinates", "unlimited_dims"),
    ]
)
"""Encoding that describes the file a source came from, or its georeference."""

_OF_THE_DTYPE = frozenset(
    [
        *("dtype", "rasterio_dtype", "_Unsigned", "scale_factor", "add_offset"),
        *("serializer", "filters"),
    ]
)
"""Encoding that is tied to the source's type."""


def spatial_dims(dims: Iterable[Hashable], given: Sequence[Hashable] | None) -> tuple[Hashable, Hashable]:
    """Return the row dim and the column dim among `dims`.

    Raises
    ------
    InvalidInputError
        If the given ones are not there, or none were given and the names don't tell.
    """
    known = list(dims)
    if given is not None:
        if isinstance(given, str) or len(given) != 2 or given[0] == given[1]:
            raise InvalidInputError(f"dims must be a pair of two names, got {given!r}", "dims")
        missing = [dim for dim in given if dim not in known]
        if missing:
            raise InvalidInputError(f"dims {missing} not found among {known}", "dims")
        return given[0], given[1]
    found = [pair for pair in _NAMES if set(pair) <= set(known)]
    if len(found) == 1:
        return found[0]
    if not found and len(known) == 2:
        return known[0], known[1]
    problem = f"several spatial pairs {found}" if found else "no spatial pair"
    raise InvalidInputError(
        f"{problem} found among the dims {known}; pass dims=(row dim, column dim)", "dims"
    )


def fill_of(array: xr.DataArray, nodata_out: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the sample that is written where nothing is valid.

    ``"auto"`` is the nodata value that the source declares, else NaN (NaT) or 0. A float source whose
    ``_FillValue`` stands in its encoding was decoded: it holds NaN in memory, and so does the result.
    """
    if not (isinstance(nodata_out, str) and nodata_out == "auto"):
        return cast_fill(nodata_out, dtype)
    declared = [array.attrs] if array.dtype.kind in "fcmM" else [array.attrs, array.encoding]
    for metadata in declared:
        for key in _NODATA:
            value = metadata.get(key)
            if value is not None and np.ndim(value) == 0:
                try:
                    return cast_fill(value, dtype)
                except InvalidInputError as error:
                    raise InvalidInputError(
                        f"nodata_out='auto' is {key}={value!r} of {array.name!r}, which the output "
                        f"type {dtype} can't hold; pass nodata_out",
                        error.code,
                    ) from None
    return default_fill(dtype)


def nodata_of(array: xr.DataArray, src_nodata: Any) -> npt.NDArray[Any] | None:
    """Return the value of samples that are invalid, of the source's type, or None.

    ``"auto"`` is what the source declares in its attributes or encoding, unless its type can't hold it.
    """
    if src_nodata is None:
        return None
    if not (isinstance(src_nodata, str) and src_nodata == "auto"):
        return cast_fill(src_nodata, array.dtype.newbyteorder("="), "src_nodata")
    for metadata in (array.attrs, array.encoding):
        for key in _NODATA:
            value = metadata.get(key)
            if value is not None and np.ndim(value) == 0:
                try:
                    return cast_fill(value, array.dtype.newbyteorder("="))
                except InvalidInputError:
                    continue
    return None


def keeps_attrs(keep_attrs: bool | None) -> bool:
    """Return whether attributes are kept; None asks xarray's options, whose default here is yes."""
    if keep_attrs is not None:
        return keep_attrs
    option = xr.get_options()["keep_attrs"]
    return True if option == "default" else bool(option)


def kept_coords(
    coords: xr.Coordinates, spatial: tuple[Hashable, Hashable], mappings: Iterable[Any]
) -> xr.Coordinates:
    """Return the coordinates that stay true: not spatial, not the CRS and transform of the source."""
    names = set(mappings)
    georeference = {"crs_wkt", "spatial_ref", "GeoTransform", "grid_mapping_name"}
    dropped = [
        name
        for name, coord in coords.items()
        if set(spatial) & set(coord.dims) or name in names or georeference & set(coord.attrs)
    ]
    return coords.to_dataset().drop_vars(dropped).coords


def resampled_metadata(
    source: xr.DataArray, fill: npt.NDArray[Any], keep: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return attributes and encoding of a result: those of the source as far as they are still true."""
    same_dtype = fill.dtype == source.dtype
    dropped = _OF_THE_FILE if same_dtype else _OF_THE_FILE | _OF_THE_DTYPE
    attrs = {k: v for k, v in source.attrs.items() if k not in ("grid_mapping", "coordinates")}
    encoding = {k: v for k, v in source.encoding.items() if k not in dropped}
    for metadata in [attrs, *([encoding] if source.dtype.kind not in "fc" else [])]:
        for key in _NODATA:
            if key in metadata:
                metadata[key] = fill[()]
    if not same_dtype and source.dtype.kind in "fc":
        # It encoded NaN as a value of the file's type, which is no longer known.
        for key in _NODATA:
            encoding.pop(key, None)
    return (attrs if keep else {}), encoding
