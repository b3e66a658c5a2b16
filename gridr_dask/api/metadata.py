"""xarray manners: which dims are spatial, which value means nothing, what stays true of the metadata."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from gridr_dask.compute.dtypes import cast_fill, default_fill
from gridr_dask.errors import InvalidInputError

__all__ = [
    "fill_of",
    "is_auto",
    "is_crs",
    "keeps_attrs",
    "kept_attrs",
    "kept_coords",
    "mappings_of",
    "nodata_of",
    "resampled_metadata",
    "spatial_dims",
]

_NAMES = (
    ("y", "x"),
    ("row", "col"),
    ("rows", "cols"),
    ("lat", "lon"),
    ("latitude", "longitude"),
    ("northing", "easting"),
)
_AXES = (
    {"axis": ("Y",), "units": ("degrees_north",)}
    | {"standard_name": ("projection_y_coordinate", "latitude", "grid_latitude")},
    {"axis": ("X",), "units": ("degrees_east",)}
    | {"standard_name": ("projection_x_coordinate", "longitude", "grid_longitude")},
)
"""Attributes by which the CF conventions tell rows and columns."""

_NODATA = ("_FillValue", "missing_value", "nodata")
_DECODED = "bfcmM"
"""Kinds of samples whose encoding speaks of other ones, those of the file: nothing is NaN (NaT) in memory."""

_OF_A_CRS = frozenset(["crs_wkt", "spatial_ref", "GeoTransform", "grid_mapping_name"])
"""Attributes of a variable that holds a CRS or a transform."""

_OF_THE_PLACE = frozenset(["grid_mapping", "coordinates", "crs", "transform", "res", "GeoTransform"])
"""Attributes of an image that say where it lies, or which coordinates do."""

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


def is_auto(value: Any) -> bool:
    """Return whether a value is the word "auto"."""
    return isinstance(value, str) and value == "auto"


def spatial_dims(
    dims: Iterable[Hashable],
    given: Sequence[Hashable] | None,
    coords: Mapping[Any, xr.DataArray] | None = None,
) -> tuple[Hashable, Hashable]:
    """Return the row dim and the column dim among `dims`: those given, or those that `coords` or names tell.

    Raises
    ------
    InvalidInputError
        If the given ones are not there, or none were given and nothing tells.
    """
    known = list(dims)
    twice = [dim for dim in dict.fromkeys(known) if known.count(dim) > 1]
    if twice:
        raise InvalidInputError(
            f"dims {twice} found twice among {known}; give each axis its own name", "dims"
        )
    if given is not None:
        if isinstance(given, str) or len(given) != 2 or given[0] == given[1]:
            raise InvalidInputError(f"dims must be a pair of two names, got {given!r}", "dims")
        missing = [dim for dim in given if dim not in known]
        if missing:
            raise InvalidInputError(f"dims {missing} not found among {known}", "dims")
        return given[0], given[1]
    rows, cols = ({dim for dim in known if _is_axis(dim, coords or {}, axis)} for axis in _AXES)
    if len(rows) == len(cols) == 1 and rows != cols:
        return rows.pop(), cols.pop()
    found = [pair for pair in _NAMES if set(pair) <= set(known)]
    if len(found) == 1:
        return found[0]
    if not found and len(known) == 2:
        return known[0], known[1]
    problem = f"several spatial pairs {found}" if found else "no spatial pair"
    raise InvalidInputError(
        f"{problem} found among the dims {known}; pass dims=(row dim, column dim)", "dims"
    )


def _is_axis(dim: Hashable, coords: Mapping[Any, xr.DataArray], axis: Mapping[str, tuple[str, ...]]) -> bool:
    along = [coord.attrs for coord in coords.values() if coord.dims == (dim,)]
    return any(attrs.get(key) in values for attrs in along for key, values in axis.items())


def fill_of(array: xr.DataArray, nodata_out: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the sample that is written where nothing is valid.

    ``"auto"`` is the nodata value that the source declares, else NaN (NaT) or 0. A source of floats, times
    or booleans whose ``_FillValue`` stands in its encoding was decoded: it holds NaN (NaT) in memory, and so
    does the result.
    """
    if not is_auto(nodata_out):
        return cast_fill(nodata_out, dtype)
    declared = [array.attrs] if array.dtype.kind in _DECODED else [array.attrs, array.encoding]
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
    if not is_auto(src_nodata):
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


def is_crs(variable: xr.DataArray | xr.Variable) -> bool:
    """Return whether a variable holds a CRS or a transform."""
    return bool(_OF_A_CRS & set(variable.attrs))


def mappings_of(arrays: Iterable[xr.DataArray]) -> set[str]:
    """Return the names that arrays give for the variables that hold their CRS.

    CF also knows ``"crs: x y other: lat lon"``.
    """
    given = {
        str(place.get("grid_mapping", "")) for array in arrays for place in (array.attrs, array.encoding)
    }
    return {word.rstrip(":") for text in given for word in text.split() if ":" not in text or word[-1] == ":"}


def kept_coords(
    coords: xr.Coordinates, spatial: tuple[Hashable, Hashable], mappings: Iterable[str]
) -> xr.Coordinates:
    """Return the coordinates that stay true: not spatial, not the CRS and transform of the source."""
    names: set[Any] = set(mappings)
    dropped = [
        name
        for name, coord in coords.items()
        if set(spatial) & set(coord.dims) or name in names or is_crs(coord)
    ]
    return coords.to_dataset().drop_vars(dropped).coords


def kept_attrs(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the attributes that stay true: not those that say where the source lies."""
    return {key: value for key, value in attrs.items() if key not in _OF_THE_PLACE}


def resampled_metadata(
    source: xr.DataArray, fill: npt.NDArray[Any], keep: bool, chosen: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return attributes and encoding of a result: those of the source as far as they are still true.

    `chosen` is whether the caller chose `fill`; the result then declares it.
    """
    same_dtype = fill.dtype == source.dtype
    dropped = _OF_THE_FILE if same_dtype else _OF_THE_FILE | _OF_THE_DTYPE
    attrs = kept_attrs(source.attrs) if keep else {}
    encoding = {k: v for k, v in source.encoding.items() if k not in dropped}
    for metadata in [attrs, *([encoding] if source.dtype.kind not in _DECODED else [])]:
        for key in _NODATA:
            if key in metadata:
                metadata[key] = fill[()]
    if not same_dtype and source.dtype.kind in _DECODED:
        # It belongs to the file's type, which is no longer known.
        for key in _NODATA:
            encoding.pop(key, None)
    if chosen and fill.dtype.kind in "iuf" and fill == fill and not {*attrs, *encoding} & set(_NODATA):
        attrs["_FillValue"] = fill[()]
    return attrs, encoding
