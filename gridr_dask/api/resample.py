"""`resample` on a DataArray or a Dataset, eager or lazy, the plan of what is lazy, and its pieces."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from gridr_dask.api.eager import resample_now
from gridr_dask.api.georeference import with_coords
from gridr_dask.api.grids import check_array
from gridr_dask.api.metadata import (
    fill_of,
    is_auto,
    is_crs,
    kept_attrs,
    kept_coords,
    mappings_of,
    nodata_of,
    resampled_metadata,
)
from gridr_dask.api.request import LIKE_SOURCE, Request, checked_request, mask_of
from gridr_dask.api.surroundings import Surrounded
from gridr_dask.compute import SampleRule
from gridr_dask.compute.dtypes import result_dtype
from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.errors import GridrError, InvalidInputError
from gridr_dask.geometry import Window
from gridr_dask.graph import (
    AUTO,
    Image,
    Resampling,
    Stored,
    as_graph,
    check_memory,
    chunk_sizes,
    data_of,
    image_of,
    is_dask,
    resample_lazily,
    tile,
    unmade,
)
from gridr_dask.io import Region, Supertiles
from gridr_dask.plan import Plan

__all__ = ["plan", "resample", "supertiles"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_MANY_TASKS = 200_000
"""From here on dask's scheduler is what one waits for."""


@dataclass(frozen=True)
class _Variable:
    """An array to resample, with what is to be done."""

    array: xr.DataArray
    source: Any
    mask: Any
    surrounded: Surrounded
    resampling: Resampling

    def is_lazy(self, request: Request) -> bool:
        """Return whether the result is a dask array."""
        asked = request.chunks is not None or request.source == "direct"
        return asked or bool(request.positions.arrays) or is_dask(self.source) or is_dask(self.mask)

    def image(self, request: Request) -> Image:
        """Return the array and its mask as tasks take them."""
        direct = request.source != "blocks" and self.surrounded.globe is None
        source, mask = (
            part.in_blocks() if isinstance(part, Stored) and not direct else part
            for part in (self.source, self.mask)
        )
        source = self.surrounded.joined(as_graph(source), self.resampling.axes)
        mask = None if mask is None else self.surrounded.joined(as_graph(mask), (0, 1))
        return image_of(source, mask, self.resampling, self.source, may_change=request.source == "auto")

    def now(self, request: Request) -> tuple[Any, Any]:
        """Return the resampled array, and its validity if it is asked for."""
        around, common = self.surrounded, self.resampling
        blocks = around.blocks(np.asarray(self.array.data), common.axes, common.source_origin)
        mask = None if self.mask is None else around.blocks(np.asarray(self.mask), (-2, -1), (0, 0))
        return resample_now(blocks, mask, request, common)


def resample(obj: _Object, grid: Any, **arguments: Any) -> Any:
    """Resample an object through a grid; see `gridr_dask.accessor.GridrAccessor.resample`."""
    request = checked_request(obj, grid, **arguments)
    variables = _variables(obj, request)
    images = {name: v.image(request) for name, v in variables.items() if v.is_lazy(request)}
    tiling = tile(request.positions, request.target, _chunks(request, images), images) if images else None
    if tiling is not None:
        _check_size(tiling.plan)
    pairs = {}
    for name, variable in variables.items():
        with _noting(name, obj):
            if tiling is not None and name in tiling.images:
                pairs[name] = resample_lazily(tiling.images[name], tiling)
            else:
                pairs[name] = variable.now(request)
    return _assembled(obj, request, variables, pairs)


def supertiles(obj: xr.DataArray | xr.Dataset, grid: Any, side: int = 16, **arguments: Any) -> Supertiles:
    """Return a lazy call in pieces; see `gridr_dask.accessor.GridrAccessor.supertiles`."""
    if side < 1:
        raise InvalidInputError(f"side={side} must be a number of chunks, 1 or more", "side")
    request = checked_request(obj, grid, **arguments)
    variables = _planned_variables(obj, request)
    images = {name: variable.image(request) for name, variable in variables.items()}
    sizes = chunk_sizes(_chunks(request, images), request.target.shape)
    blank = {name: unmade(image, request.target) for name, image in images.items()}
    template = _assembled(obj, request, variables, blank)
    dims = _target_dims(template[0] if request.return_mask else template, variables)

    def make(region: Region, sizes: tuple[Any, Any]) -> Any:
        (top, _), (left, _) = request.target.rows, request.target.cols
        rows, cols = (region[dim] for dim in dims)
        window = Window((top + rows.start, top + rows.stop), (left + cols.start, left + cols.stop))
        tiling = tile(request.positions, window, sizes, images)
        check_memory(tiling.plan)
        pairs = {name: resample_lazily(image, tiling) for name, image in tiling.images.items()}
        made = _assembled(obj, replace(request, target=window, coords=None), variables, pairs)
        if request.return_mask:
            return tuple(_filled(*halves, region, variables) for halves in zip(template, made, strict=True))
        return _filled(template, made, region, variables)

    return Supertiles(template, dict(zip(dims, sizes, strict=True)), side, make)


def _target_dims(
    template: xr.DataArray | xr.Dataset, variables: Mapping[Hashable, _Variable]
) -> tuple[Hashable, Hashable]:
    """Return the row dim and the column dim of a result: a GeoBox has names of its own."""
    name, variable = next(iter(variables.items()))
    array = template[name] if isinstance(template, xr.Dataset) else template
    rows, cols = (array.dims[axis] for axis in variable.resampling.axes)
    return rows, cols


def _filled(template: _Object, made: Any, region: Region, names: Iterable[Hashable]) -> _Object:
    """Return the region of a template, with the samples that were made for it."""
    part = template.isel(region)
    if isinstance(part, xr.DataArray):
        return part.copy(data=made.data)
    return part.assign({name: part[name].copy(data=made[name].data) for name in names})


def _assembled(
    obj: xr.DataArray | xr.Dataset,
    request: Request,
    variables: Mapping[Hashable, _Variable],
    pairs: Mapping[Hashable, tuple[Any, Any]],
) -> Any:
    """Return what a call returns, from the values and the validity of each variable."""
    results, valids = {}, {}
    for name, variable in variables.items():
        results[name], valids[name] = _labelled(variable, request, *pairs[name])
    result: Any
    valid: Any
    if isinstance(obj, xr.Dataset):
        result, valid = _as_dataset(obj, request, results, valids)
    else:
        result, valid = results[obj.name], valids[obj.name]
    if request.coords is not None:
        result = with_coords(result, request)
        valid = None if valid is None else with_coords(valid, request)
    return (result, valid) if request.return_mask else result


def plan(obj: xr.DataArray | xr.Dataset, grid: Any, **arguments: Any) -> Plan:
    """Return the plan of a lazy call; see `gridr_dask.accessor.GridrAccessor.plan`."""
    request = checked_request(obj, grid, **arguments)
    variables = _planned_variables(obj, request)
    images = {name: variable.image(request) for name, variable in variables.items()}
    return tile(request.positions, request.target, _chunks(request, images), images).plan


def _chunks(request: Request, images: Mapping[Hashable, Image]) -> tuple[Any, Any]:
    """Return the chunks of the target that a call asks for."""
    if request.chunks is None:
        return AUTO
    if request.chunks != LIKE_SOURCE:
        rows, cols = request.chunks
        return rows, cols
    rows, cols = (int(sizes.max(initial=1)) for sizes in next(iter(images.values())).blocks.sizes)
    return rows, cols


def _check_size(plan: Plan) -> None:
    check_memory(plan)
    if plan.tasks > _MANY_TASKS:
        warnings.warn(
            f"the graph has {plan.tasks} tasks; dask slows down above {_MANY_TASKS}: give larger "
            f"chunks, or compute the target part by part with window=",
            UserWarning,
            stacklevel=4,
        )


def _variables(obj: xr.DataArray | xr.Dataset, request: Request) -> dict[Hashable, _Variable]:
    """Return what is to be resampled: the variables that have both spatial dims."""
    if isinstance(obj, xr.DataArray):
        return {obj.name: _variable(obj, request)}
    found = {}
    for name in obj.data_vars:
        if name in request.variables and set(request.spatial) <= set(obj[name].dims):
            with _noting(name, obj):
                found[name] = _variable(obj[name], request)
    return found


def _planned_variables(obj: xr.DataArray | xr.Dataset, request: Request) -> dict[Hashable, _Variable]:
    """Return what is to be resampled, at least one variable."""
    variables = _variables(obj, request)
    if not variables:
        raise InvalidInputError(f"no variable has both dims {list(request.spatial)}", "variables")
    return variables


@contextmanager
def _noting(name: Hashable, obj: xr.DataArray | xr.Dataset) -> Iterator[None]:
    """Add to errors which variable of a Dataset they are about."""
    try:
        yield
    except GridrError as error:
        if isinstance(obj, xr.Dataset):
            error.add_note(f"while resampling the variable {name!r}")
        raise


def _variable(array: xr.DataArray, request: Request) -> _Variable:
    source = data_of(array)
    check_array("the source", source)
    axes = array.get_axis_num(request.spatial[0]), array.get_axis_num(request.spatial[1])
    shape = array.shape[axes[0]], array.shape[axes[1]]
    nan, kernel = request.nan_is_invalid, request.kernels.of(array)
    mask, safe = mask_of(request, shape)
    surrounded = Surrounded.by(request, kernel, shape)
    resampling = Resampling(
        kernel=kernel,
        boundary=request.boundary,
        source_shape=surrounded.shape,
        source_origin=surrounded.origin,
        axes=axes,
        fill=fill_of(
            array,
            request.nodata_out.of(array),
            result_dtype(array.dtype, request.dtype.of(array), kernel),
        ),
        rule=SampleRule(nodata_of(array, request.src_nodata.of(array)), nan, nan and kernel.is_spline),
        safe=None if safe is None else surrounded.moved(safe),
        with_valid=request.return_mask,
    )
    if request.source == "direct":
        _check_direct(source, surrounded)
    return _Variable(array, source, mask, surrounded, resampling)


def _check_direct(source: Any, surrounded: Surrounded) -> None:
    """Raise InvalidInputError unless tasks can read windows of a source."""
    if not isinstance(source, Stored):
        kind = "a dask array" if is_dask(source) else "in memory"
        raise InvalidInputError(
            f"source='direct' reads windows from a store, but the source is {kind}; open it with "
            f"chunks=None, as in xr.open_zarr(..., chunks=None), or leave source='auto'",
            "source",
        )
    if surrounded.globe is not None:
        raise InvalidInputError(
            "source='direct' reads windows from a store, but this source goes on around the world past its "
            "edges, where there are none; leave source='auto', or give 'blocks'",
            "source",
        )


def _labelled(
    variable: _Variable, request: Request, values: Any, valid: Any
) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Return values and validity as xarray objects, with what is still true of the source's metadata."""
    array, common = variable.array, variable.resampling
    attrs, encoding = resampled_metadata(
        array, common.fill, request.keep_attrs, not is_auto(request.nodata_out.of(array))
    )
    coords = kept_coords(array.coords, request.spatial, mappings_of([array]))
    result = xr.DataArray(values, coords, array.dims, attrs=attrs)
    # Not given to the constructor, which takes None for the name of a dask array.
    result.name, result.encoding = array.name, encoding
    if valid is None:
        return result, None
    per_band = bands_can_differ(array.dtype, common.fill.dtype, common.rule)
    valid_dims = array.dims if per_band else request.spatial
    elsewhere = [name for name, coord in coords.items() if not set(coord.dims) <= set(valid_dims)]
    valid_coords = coords.to_dataset().drop_vars(elsewhere).coords
    validity = xr.DataArray(valid, valid_coords, valid_dims)
    validity.name = array.name
    return result, validity.transpose(*(dim for dim in array.dims if dim in valid_dims))


def _as_dataset(
    dataset: xr.Dataset,
    request: Request,
    results: Mapping[Hashable, xr.DataArray],
    valids: Mapping[Hashable, xr.DataArray | None],
) -> tuple[xr.Dataset, xr.Dataset | None]:
    """Return results beside the variables that have no spatial dim, which pass through."""
    variables: dict[Hashable, xr.DataArray] = {}
    mappings = mappings_of(dataset.data_vars.values())
    for name, array in dataset.data_vars.items():
        if name in results:
            variables[name] = results[name]
        elif not set(request.spatial) & set(array.dims) and name not in mappings and not is_crs(array):
            variables[name] = array.drop_vars(array.coords)
    coords = kept_coords(dataset.coords, request.spatial, mappings)
    result = xr.Dataset(variables, coords, kept_attrs(dataset.attrs) if request.keep_attrs else {})
    result.encoding = {k: v for k, v in dataset.encoding.items() if k != "source"}
    return result, xr.Dataset(valids, coords) if request.return_mask else None
