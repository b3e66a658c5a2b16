"""`resample` on a DataArray or a Dataset: arguments checked and translated, then eager or lazy."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from operator import index
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from gridr_dask.api.grids import check_known, check_rule_alone, kind_of, node_coordinates, rule_of
from gridr_dask.api.metadata import (
    fill_of,
    keeps_attrs,
    kept_coords,
    nodata_of,
    resampled_metadata,
    spatial_dims,
)
from gridr_dask.compute import (
    Blocks,
    Nodes,
    SampleRule,
    SourceMask,
    get_interpolator,
    kernel_of,
    resample_window,
)
from gridr_dask.compute.dtypes import result_dtype
from gridr_dask.compute.interpolators import Interpolator
from gridr_dask.compute.resample import bands_can_differ
from gridr_dask.compute.threads import default_threads
from gridr_dask.compute.validity import check_mask_dtype
from gridr_dask.errors import GridrError, InvalidInputError
from gridr_dask.geometry import Boundary, Grid, Kernel, Window
from gridr_dask.geometry.window import Span
from gridr_dask.graph import DEFAULT_CHUNK, Resampling, is_dask, resample_lazily
from gridr_dask.plan.chunks import spans_of
from gridr_dask.positions import CrsGrid, Globe, Rule, displaced

__all__ = ["resample"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)

_ALIASES = {"bilinear": "linear", "bicubic": "cubic"}
_MAX_ORIGIN = 1 << 28


@dataclass(frozen=True)
class _Request:
    """The arguments of a call, checked and translated, as far as variables share them."""

    rows: Any
    cols: Any
    displacement: bool
    positions: Rule | None
    grid: Grid
    target: Window
    kernel: Kernel
    boundary: Boundary
    spatial: tuple[Hashable, Hashable]
    origin: tuple[int, int]
    mask: Any
    safe: Any
    chunks: Any
    src_nodata: Any
    nan_is_invalid: bool
    nodata_out: Any
    dtype: npt.DTypeLike | None
    return_mask: bool
    keep_attrs: bool


def resample(
    obj: _Object,
    grid: Any,
    *,
    shape: tuple[int, int] | None = None,
    kind: str = "absolute",
    interp: str | Interpolator = "cubic",
    grid_resolution: tuple[int, int] = (1, 1),
    window: tuple[slice, slice] | None = None,
    chunks: Any = None,
    mask: Any = None,
    mask_safe_win: tuple[slice, slice] | None = None,
    grid_mask: Any = None,
    grid_nodata: float | None = None,
    boundary_condition: str | None = None,
    trust_padding: bool | None = None,
    src_nodata: Any = "auto",
    nodata_out: Any = "auto",
    nan_policy: str = "propagate",
    dtype: npt.DTypeLike | None = None,
    return_mask: bool = False,
    source_origin: tuple[int, int] = (0, 0),
    variables: Iterable[Hashable] | None = None,
    dims: Sequence[Hashable] | None = None,
    coords: Mapping[Any, Any] | None = None,
    keep_attrs: bool | None = True,
) -> Any:
    """Resample an object through a grid; see `gridr_dask.accessor.GridrAccessor.resample`."""
    resolution = _pair("grid_resolution", grid_resolution)
    positions = rule_of(grid, shape, resolution)
    rows = cols = None
    if positions is not None:
        check_rule_alone(grid_mask, grid_nodata, kind)
        spec = Grid(positions.shape)
    else:
        if shape is not None:
            raise InvalidInputError(
                "shape is that of the target of a rule; arrays have their own: use window to cut", "shape"
            )
        grid, kind = kind_of(grid, kind)
        rows, cols = node_coordinates(grid, grid_mask, grid_nodata)
        spec = Grid(rows.shape, resolution)
    origin = _pair("source_origin", source_origin)
    if max(map(abs, origin)) > _MAX_ORIGIN:
        raise InvalidInputError(
            f"source_origin={origin} is out of range; its parts must be within +-2**28", "origin"
        )
    if nan_policy not in ("propagate", "invalid"):
        raise InvalidInputError(f"nan_policy={nan_policy!r} must be 'propagate' or 'invalid'", "nan-policy")
    if trust_padding and boundary_condition is None:
        warnings.warn("trust_padding is ignored without a boundary_condition", UserWarning, stacklevel=3)
    name = _ALIASES.get(interp, interp) if isinstance(interp, str) else interp
    whole = Window.whole(spec.target_shape)
    request = _Request(
        rows=rows,
        cols=cols,
        displacement=kind == "displacement",
        positions=positions,
        grid=spec,
        target=whole if window is None else Window.from_slices(window, spec.target_shape),
        kernel=kernel_of(get_interpolator(name)),
        boundary=Boundary.from_user(boundary_condition, trust_padding),
        spatial=spatial_dims(obj.dims, dims),
        origin=origin,
        mask=mask,
        safe=mask_safe_win,
        chunks=chunks,
        src_nodata=src_nodata,
        nan_is_invalid=nan_policy == "invalid",
        nodata_out=nodata_out,
        dtype=dtype,
        return_mask=return_mask,
        keep_attrs=keeps_attrs(keep_attrs),
    )
    if isinstance(obj, xr.Dataset):
        result, valid = _resample_dataset(obj, request, variables)
    elif variables is not None:
        raise InvalidInputError("variables chooses those of a Dataset; a DataArray has none", "variables")
    else:
        result, valid = _resample_array(obj, request)
    if coords is not None:
        result = result.assign_coords(coords)
        if valid is not None:
            valid = valid.assign_coords(coords)
    return (result, valid) if return_mask else result


def _resample_dataset(
    dataset: xr.Dataset, request: _Request, variables: Iterable[Hashable] | None
) -> tuple[xr.Dataset, xr.Dataset | None]:
    """Resample the variables that have both spatial dims; those that have none pass through."""
    chosen = dataset.data_vars if variables is None else list(variables)
    missing = [name for name in chosen if name not in dataset.data_vars]
    if missing:
        raise InvalidInputError(f"variables {missing} not found among {list(dataset.data_vars)}", "variables")
    results: dict[Hashable, xr.DataArray] = {}
    valids: dict[Hashable, xr.DataArray] = {}
    for name, array in dataset.data_vars.items():
        has = [dim in array.dims for dim in request.spatial]
        if all(has) and name in chosen:
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
    check_known("the source", array.data)
    axes = array.get_axis_num(request.spatial[0]), array.get_axis_num(request.spatial[1])
    fill = fill_of(array, request.nodata_out, result_dtype(array.dtype, request.dtype, request.kernel))
    nan = request.nan_is_invalid
    rule = SampleRule(nodata_of(array, request.src_nodata), nan, nan and request.kernel.is_spline)
    shape = array.shape[axes[0]], array.shape[axes[1]]
    mask, safe = _mask(request, shape)
    surrounded = _Surrounded.by(_globe_of(request.positions, shape), request, shape)
    common = Resampling(
        kernel=request.kernel,
        boundary=request.boundary,
        source_shape=surrounded.shape,
        source_origin=surrounded.origin,
        axes=axes,
        fill=fill,
        rule=rule,
        safe=None if safe is None else surrounded.moved(safe),
        with_valid=request.return_mask,
    )
    values, valid = _resample_values(array.data, mask, request, common, surrounded)
    attrs, encoding = resampled_metadata(array, fill, request.keep_attrs)
    coords = kept_coords(array.coords, request.spatial, _mappings([array]))
    result = xr.DataArray(values, coords, array.dims, attrs=attrs)
    # Not given to the constructor, which takes None for the name of a dask array.
    result.name, result.encoding = array.name, encoding
    if valid is None:
        return result, None
    per_band = bands_can_differ(array.dtype, fill.dtype, rule)
    valid_dims = array.dims if per_band else request.spatial
    elsewhere = [name for name, coord in coords.items() if not set(coord.dims) <= set(valid_dims)]
    valid_coords = coords.to_dataset().drop_vars(elsewhere).coords
    validity = xr.DataArray(valid, valid_coords, valid_dims)
    validity.name = array.name
    return result, validity.transpose(*(dim for dim in array.dims if dim in valid_dims))


def _mask(request: _Request, shape: tuple[int, int]) -> tuple[Any, Window | None]:
    """Return the mask of the source, numpy or dask, and its safe window."""
    mask = request.mask
    if mask is None:
        if request.safe is not None:
            raise InvalidInputError("mask_safe_win needs a mask", "mask-safe-win")
        return None, None
    if isinstance(mask, xr.DataArray):
        if set(mask.dims) == set(request.spatial):
            mask = mask.transpose(*request.spatial)
        mask = mask.data
    mask = mask if is_dask(mask) else np.asarray(mask)
    if mask.shape != shape:
        raise InvalidInputError(
            f"mask must have the spatial shape of the source, {shape}, got {mask.shape}", "mask-shape"
        )
    check_mask_dtype(mask)
    if request.safe is None:
        return mask, None
    return mask, Window.from_slices(request.safe, shape, "mask_safe_win")


def _globe_of(positions: Rule | None, shape: tuple[int, int]) -> Globe | None:
    """Return how a source goes around the world; a part that was cut out of it does not."""
    if not isinstance(positions, CrsGrid) or positions.source_shape != shape:
        return None
    return positions.globe


@dataclass(frozen=True)
class _Surrounded:
    """A source with what stands around it: a globe goes on past its edges, others end there."""

    globe: Globe | None
    margins: tuple[int, int, int]
    shape: tuple[int, int]
    origin: tuple[int, int]

    @classmethod
    def by(cls, globe: Globe | None, request: _Request, shape: tuple[int, int]) -> _Surrounded:
        margins = (0, 0, 0) if globe is None else globe.margins(request.kernel, shape)
        above, below, beside = margins
        origin = request.origin[0] - above, request.origin[1] - beside
        grown = shape[0] + above + below, shape[1] + 2 * beside
        return cls(globe if any(margins) else None, margins, grown, origin)

    def moved(self, window: Window) -> Window:
        """Return a window of the source in the frame of the whole."""
        down, along = self.margins[0], self.margins[2]
        (top, bottom), (left, right) = window.rows, window.cols
        return Window((top + down, bottom + down), (left + along, right + along))

    def blocks(self, image: Any, axes: tuple[int, int], origin: tuple[int, int]) -> Blocks:
        """Return the numpy image and its surroundings, not joined."""
        if self.globe is None:
            return Blocks.whole(image, origin, axes)
        pieces = self.globe.pieces(image, axes, self.margins)
        rows = spans_of([row[0].shape[axes[0]] for row in pieces])
        cols = spans_of([piece.shape[axes[1]] for piece in pieces[0]])
        return Blocks([piece for row in pieces for piece in row], rows, cols, self.shape, origin, axes)

    def joined(self, image: Any, axes: tuple[int, int]) -> Any:
        """Return the image, numpy or dask, and its surroundings in one array of the same kind."""
        if self.globe is None:
            return image
        pieces = self.globe.pieces(image, axes, self.margins)
        return np.concatenate([np.concatenate(row, axis=axes[1]) for row in pieces], axis=axes[0])


def _resample_values(
    source: Any, mask: Any, request: _Request, common: Resampling, surrounded: _Surrounded
) -> tuple[Any, Any]:
    """Resample an array, numpy or dask, over one road: `resample_window`."""
    lazy = any(map(is_dask, (source, request.rows, request.cols, mask)))
    if request.chunks is not None or lazy:
        return resample_lazily(
            surrounded.joined(source, common.axes),
            request.rows,
            request.cols,
            grid=request.grid,
            target=request.target,
            chunks=_chunks(request.chunks, request.spatial),
            resampling=common,
            mask=None if mask is None else surrounded.joined(mask, (0, 1)),
            displacement=request.displacement,
            positions=request.positions,
        )
    blocks = surrounded.blocks(np.asarray(source), common.axes, common.source_origin)
    mask_blocks = None if mask is None else surrounded.blocks(mask, (-2, -1), (0, 0))
    options: dict[str, Any] = {
        "fill": common.fill,
        "boundary": common.boundary,
        "validity": SourceMask(mask_blocks, common.safe, common.rule),
        "with_valid": common.with_valid,
        "threads": default_threads(),
    }
    if request.positions is None and not request.displacement:
        nodes = Nodes(request.rows, request.cols, (0, 0), request.grid.resolution)
        return resample_window(blocks, nodes, request.target, request.kernel, **options)
    return _by_windows(blocks, request, options)


def _by_windows(blocks: Blocks, request: _Request, options: dict[str, Any]) -> tuple[Any, Any]:
    """Resample window by window, so that the positions of one of them exist at a time."""
    axes, shape = blocks.axes, list(blocks.arrays[0].shape)
    target = request.target
    shape[axes[0]], shape[axes[1]] = target.shape
    result, valid = np.empty(shape, options["fill"].dtype), None
    if options["with_valid"]:
        per_band = bands_can_differ(blocks.arrays[0].dtype, result.dtype, options["validity"].rule)
        valid = np.empty(shape if per_band else target.shape, np.bool_)
    for rows, cols in product(*(_pieces(span) for span in (target.rows, target.cols))):
        window = Window(rows, cols)
        place = [slice(None)] * len(shape)
        place[axes[0]] = slice(rows[0] - target.rows[0], rows[1] - target.rows[0])
        place[axes[1]] = slice(cols[0] - target.cols[0], cols[1] - target.cols[0])
        at = tuple(place)
        valid_at = at if valid is None or valid.ndim == len(shape) else (at[axes[0]], at[axes[1]])
        part, part_valid = resample_window(
            blocks, _nodes_of(request, window), window, request.kernel, **options
        )
        result[at] = part
        if valid is not None:
            valid[valid_at] = part_valid
    return result, valid


def _pieces(span: Span) -> list[Span]:
    """Return the parts of a span between multiples of the default chunk."""
    edges = [span[0], *range((span[0] // DEFAULT_CHUNK + 1) * DEFAULT_CHUNK, span[1], DEFAULT_CHUNK), span[1]]
    return list(pairwise(edges))


def _nodes_of(request: _Request, window: Window) -> Nodes:
    """Return the nodes of a window by the grid's rule, or out of its displacements."""
    if request.positions is not None:
        return request.positions.nodes(window)
    needed = request.grid.nodes_of(window)
    first = needed.rows[0], needed.cols[0]
    part = needed.slices
    return displaced(Nodes(request.rows[part], request.cols[part], first, request.grid.resolution), window)


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
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"{name} must be a pair of integers (rows, cols), got {value!r}", "pair"
        ) from None
