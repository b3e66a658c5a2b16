"""`resample` on a DataArray or a Dataset: arguments checked and translated, then eager or lazy."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from gridr_dask.api.grids import node_coordinates
from gridr_dask.api.metadata import (
    fill_of,
    keeps_attrs,
    kept_coords,
    resampled_metadata,
    spatial_dims,
)
from gridr_dask.compute import Blocks, Nodes, kernel_from_name, resample_window
from gridr_dask.compute.dtypes import result_dtype
from gridr_dask.compute.threads import default_threads
from gridr_dask.errors import GridrError, InvalidInputError
from gridr_dask.geometry import Grid, Kernel, Window
from gridr_dask.graph import DEFAULT_CHUNK, is_dask, resample_lazily

__all__ = ["resample"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_ALIASES = {"bilinear": "linear", "bicubic": "cubic"}
_MAX_ORIGIN = 1 << 28


@dataclass(frozen=True)
class _Request:
    """The arguments of a call, checked and translated, as far as variables share them."""

    rows: Any
    cols: Any
    grid: Grid
    target: Window
    kernel: Kernel
    spatial: tuple[Hashable, Hashable]
    origin: tuple[int, int]
    chunks: Any
    nodata_out: Any
    dtype: npt.DTypeLike | None
    return_mask: bool
    keep_attrs: bool


def resample(
    obj: _Object,
    grid: Any,
    *,
    interp: str = "cubic",
    grid_resolution: tuple[int, int] = (1, 1),
    window: tuple[slice, slice] | None = None,
    chunks: Any = None,
    nodata_out: Any = "auto",
    dtype: npt.DTypeLike | None = None,
    return_mask: bool = False,
    source_origin: tuple[int, int] = (0, 0),
    dims: Sequence[Hashable] | None = None,
    coords: Mapping[Any, Any] | None = None,
    keep_attrs: bool | None = True,
) -> Any:
    """Resample an object through a grid; see `gridr_dask.accessor.GridrAccessor.resample`."""
    rows, cols = node_coordinates(grid)
    spec = Grid(rows.shape, _pair("grid_resolution", grid_resolution))
    origin = _pair("source_origin", source_origin)
    if max(map(abs, origin)) > _MAX_ORIGIN:
        raise InvalidInputError(
            f"source_origin={origin} is out of range; its parts must be within +-2**28", "origin"
        )
    if not isinstance(interp, str):
        raise InvalidInputError(
            f"interp must be the name of an interpolation, got {interp!r}", "unknown-kernel"
        )
    request = _Request(
        rows=rows,
        cols=cols,
        grid=spec,
        target=Window.whole(spec.target_shape)
        if window is None
        else Window.from_slices(window, spec.target_shape),
        kernel=kernel_from_name(_ALIASES.get(interp, interp)),
        spatial=spatial_dims(obj.dims, dims),
        origin=origin,
        chunks=chunks,
        nodata_out=nodata_out,
        dtype=dtype,
        return_mask=return_mask,
        keep_attrs=keeps_attrs(keep_attrs),
    )
    if isinstance(obj, xr.DataArray):
        result, valid = _resample_array(obj, request)
    else:
        result, valid = _resample_dataset(obj, request)
    if coords is not None:
        result = result.assign_coords(coords)
        if valid is not None:
            valid = valid.assign_coords(coords)
    return (result, valid) if return_mask else result


def _resample_dataset(dataset: xr.Dataset, request: _Request) -> tuple[xr.Dataset, xr.Dataset | None]:
    """Resample the variables that have both spatial dims; the others pass through."""
    results: dict[Hashable, xr.DataArray] = {}
    valids: dict[Hashable, xr.DataArray] = {}
    for name, array in dataset.data_vars.items():
        has = [dim in array.dims for dim in request.spatial]
        if all(has):
            try:
                results[name], valid = _resample_array(array, request)
            except GridrError as error:
                error.add_note(f"while resampling the variable {name!r}")
                raise
            if valid is not None:
                valids[name] = valid
        elif not any(has) and not _is_grid_mapping(array):
            results[name] = array.drop_vars(array.coords)
    coords = kept_coords(dataset.coords, request.spatial, _mappings(dataset.data_vars.values()))
    attrs = dataset.attrs if request.keep_attrs else {}
    result = xr.Dataset(results, coords, attrs)
    result.encoding = {k: v for k, v in dataset.encoding.items() if k != "source"}
    return result, xr.Dataset(valids, coords) if request.return_mask else None


def _is_grid_mapping(array: xr.DataArray) -> bool:
    return array.ndim == 0 and "grid_mapping_name" in array.attrs


def _mappings(arrays: Any) -> set[Any]:
    """Return the names of the variables that hold a CRS."""
    names = {array.attrs.get("grid_mapping") for array in arrays}
    return names | {array.encoding.get("grid_mapping") for array in arrays}


def _resample_array(array: xr.DataArray, request: _Request) -> tuple[xr.DataArray, xr.DataArray | None]:
    missing = [dim for dim in request.spatial if dim not in array.dims]
    if missing:
        raise InvalidInputError(f"dims {missing} not found among {list(array.dims)}", "dims")
    axes = array.get_axis_num(request.spatial[0]), array.get_axis_num(request.spatial[1])
    fill = fill_of(array, request.nodata_out, result_dtype(array.dtype, request.dtype, request.kernel))
    values, valid = _resample_values(array.data, request, fill, axes)
    attrs, encoding = resampled_metadata(array, fill, request.keep_attrs)
    coords = kept_coords(array.coords, request.spatial, _mappings([array]))
    result = xr.DataArray(values, coords, array.dims, array.name, attrs)
    result.encoding = encoding
    if valid is None:
        return result, None
    valid_dims = array.dims if valid.ndim == array.ndim else request.spatial
    valid_coords = {k: c for k, c in coords.items() if set(c.dims) <= set(valid_dims)}
    return result, xr.DataArray(valid, valid_coords, valid_dims, array.name)


def _resample_values(
    source: Any, request: _Request, fill: np.generic, axes: tuple[int, int]
) -> tuple[Any, Any]:
    """Resample an array, numpy or dask, over one road: `resample_window`."""
    arrays = (source, request.rows, request.cols)
    if request.chunks is not None or any(map(is_dask, arrays)):
        return resample_lazily(
            *arrays,
            grid=request.grid,
            target=request.target,
            chunks=_chunks(request.chunks, request.spatial),
            kernel=request.kernel,
            fill=fill,
            axes=axes,
            origin=request.origin,
            with_valid=request.return_mask,
        )
    return resample_window(
        Blocks.whole(np.asarray(source), request.origin, axes),
        Nodes(request.rows, request.cols, (0, 0), request.grid.resolution),
        request.target,
        request.kernel,
        fill=fill,
        with_valid=request.return_mask,
        threads=default_threads(),
    )


def _chunks(chunks: Any, spatial: tuple[Hashable, Hashable]) -> tuple[Any, Any]:
    """Return the chunks of the two spatial axes from an int, a pair, or a mapping by dim."""
    if chunks is None or (isinstance(chunks, str) and chunks == "auto"):
        return DEFAULT_CHUNK, DEFAULT_CHUNK
    if isinstance(chunks, Mapping):
        unknown = [dim for dim in chunks if dim not in spatial]
        if unknown:
            raise InvalidInputError(
                f"chunks names {unknown}; only the spatial dims {list(spatial)} can be rechunked, "
                f"other dims keep the source's chunks",
                "chunks",
            )
        return chunks.get(spatial[0], DEFAULT_CHUNK), chunks.get(spatial[1], DEFAULT_CHUNK)
    if isinstance(chunks, (tuple, list)) and len(chunks) == 2:
        return chunks[0], chunks[1]
    try:
        size = index(chunks)
    except TypeError:
        raise InvalidInputError(
            f"chunks must be an int, a pair for (rows, cols), a mapping by dim or 'auto', got {chunks!r}",
            "chunks",
        ) from None
    return size, size


def _pair(name: str, value: Any) -> tuple[int, int]:
    try:
        first, second = value
        return index(first), index(second)
    except TypeError:
        raise InvalidInputError(
            f"{name} must be a pair of integers (rows, cols), got {value!r}", "pair"
        ) from None
    except ValueError:
        raise InvalidInputError(
            f"{name} must be a pair of integers (rows, cols), got {value!r}", "pair"
        ) from None
