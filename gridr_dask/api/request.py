"""The arguments of a call, checked and translated once."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from gridr_dask.api.choices import Choice
from gridr_dask.api.grids import check_array, check_rule_alone, kind_of, node_coordinates, rule_of
from gridr_dask.api.kernels import Interp, KernelChoice
from gridr_dask.api.metadata import keeps_attrs, spatial_dims
from gridr_dask.compute.validity import check_mask_dtype
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Boundary, Grid, Window
from gridr_dask.graph import Positions, RulePositions, Stored, data_of, is_dask, positions_of
from gridr_dask.positions import Rule

__all__ = ["LIKE_SOURCE", "DType", "Request", "checked_request", "mask_of"]

DType: TypeAlias = npt.DTypeLike | Mapping[Any, npt.DTypeLike | None] | None
"""What users give as `dtype`."""

LIKE_SOURCE: Mapping[Any, Any] = {}
"""Chunks of the size of the source's, as those of a file are meant by `xarray.open_dataset(chunks={})`."""

_SOURCES = ("auto", "blocks", "direct")
_MAX_ORIGIN = 1 << 28


@dataclass(frozen=True)
class Request:
    """The arguments of a call, checked and translated, as far as variables share them."""

    positions: Positions
    rule: Rule | None
    target: Window
    kernels: KernelChoice
    boundary: Boundary
    spatial: tuple[Hashable, Hashable]
    origin: tuple[int, int]
    mask: Any
    safe: Any
    chunks: Any
    source: str
    src_nodata: Choice[Any]
    nan_is_invalid: bool
    nodata_out: Choice[Any]
    dtype: Choice[npt.DTypeLike | None]
    return_mask: bool
    keep_attrs: bool
    variables: list[Hashable]
    coords: Any


def checked_request(
    obj: xr.DataArray | xr.Dataset,
    grid: Any,
    *,
    shape: tuple[int, int] | None = None,
    kind: str = "absolute",
    interp: Interp = "auto",
    grid_resolution: tuple[int, int] = (1, 1),
    window: tuple[slice, slice] | None = None,
    chunks: Any = None,
    source: str = "auto",
    mask: Any = None,
    mask_safe_win: tuple[slice, slice] | None = None,
    grid_mask: Any = None,
    grid_nodata: float | None = None,
    boundary_condition: str | None = None,
    trust_padding: bool | None = None,
    src_nodata: Any = "auto",
    nodata_out: Any = "auto",
    nan_policy: str = "propagate",
    dtype: DType = None,
    return_mask: bool = False,
    source_origin: tuple[int, int] = (0, 0),
    variables: Iterable[Hashable] | None = None,
    dims: Sequence[Hashable] | None = None,
    coords: Any = None,
    keep_attrs: bool | None = True,
) -> Request:
    """Return the arguments of a call, as `gridr_dask.accessor.GridrAccessor.resample` describes them."""
    resolution = _pair("grid_resolution", grid_resolution)
    rule = rule_of(grid, shape, resolution)
    positions: Positions
    if rule is not None:
        check_rule_alone(grid_mask, grid_nodata, kind)
        positions, spec = RulePositions(rule), Grid(rule.shape)
    else:
        if shape is not None:
            raise InvalidInputError(
                "shape is that of the target of a rule; arrays have their own: use window to cut", "shape"
            )
        grid, kind = kind_of(grid, kind)
        rows, cols = node_coordinates(grid, grid_mask, grid_nodata)
        spec = Grid(rows.shape, resolution)
        positions = positions_of(rows, cols, spec, kind == "displacement")
    origin = _pair("source_origin", source_origin)
    if max(map(abs, origin)) > _MAX_ORIGIN:
        raise InvalidInputError(
            f"source_origin={origin} is out of range; its parts must be within +-2**28", "origin"
        )
    if nan_policy not in ("propagate", "invalid"):
        raise InvalidInputError(f"nan_policy={nan_policy!r} must be 'propagate' or 'invalid'", "nan-policy")
    if source not in _SOURCES:
        raise InvalidInputError(f"source={source!r} must be one of {', '.join(_SOURCES)}", "source")
    if trust_padding and boundary_condition is None:
        warnings.warn("trust_padding is ignored without a boundary_condition", UserWarning, stacklevel=4)
    whole = Window.whole(spec.target_shape)
    spatial = spatial_dims(obj.dims, dims, obj.coords)
    return Request(
        positions=positions,
        rule=rule,
        target=whole if window is None else Window.from_slices(window, spec.target_shape),
        kernels=KernelChoice.from_user(interp, obj),
        boundary=Boundary.from_user(boundary_condition, trust_padding),
        spatial=spatial,
        origin=origin,
        mask=mask,
        safe=mask_safe_win,
        chunks=None if chunks is None else _chunks(chunks, spatial),
        source=source,
        src_nodata=Choice.from_user("src_nodata", src_nodata, obj, "auto", _unchanged),
        nan_is_invalid=nan_policy == "invalid",
        nodata_out=Choice.from_user("nodata_out", nodata_out, obj, "auto", _unchanged),
        dtype=Choice.from_user("dtype", dtype, obj, None, _unchanged),
        return_mask=return_mask,
        keep_attrs=keeps_attrs(keep_attrs),
        variables=_chosen(obj, variables),
        coords=coords,
    )


def _unchanged(value: Any) -> Any:
    return value


def _chosen(obj: xr.DataArray | xr.Dataset, variables: Iterable[Hashable] | None) -> list[Hashable]:
    """Return the variables of a Dataset that may be resampled."""
    if isinstance(obj, xr.DataArray):
        if variables is not None:
            raise InvalidInputError("variables chooses those of a Dataset; a DataArray has none", "variables")
        return []
    chosen = list(obj.data_vars if variables is None else variables)
    missing = [name for name in chosen if name not in obj.data_vars]
    if missing:
        raise InvalidInputError(f"variables {missing} not found among {list(obj.data_vars)}", "variables")
    return chosen


def mask_of(request: Request, shape: tuple[int, int]) -> tuple[Any, Window | None]:
    """Return the mask of the source, numpy, dask or `Stored`, and its safe window."""
    mask = request.mask
    if mask is None:
        if request.safe is not None:
            raise InvalidInputError("mask_safe_win needs a mask", "mask-safe-win")
        return None, None
    if isinstance(mask, (xr.DataArray, xr.Variable)):
        if set(mask.dims) == set(request.spatial):
            mask = mask.transpose(*request.spatial)
        mask = data_of(mask)
    check_array("mask", mask)
    mask = mask if is_dask(mask) or isinstance(mask, Stored) else np.asarray(mask)
    if mask.shape != shape:
        raise InvalidInputError(
            f"mask must have the spatial shape of the source, {shape}, got {mask.shape}", "mask-shape"
        )
    check_mask_dtype(mask)
    if request.safe is None:
        return mask, None
    return mask, Window.from_slices(request.safe, shape, "mask_safe_win")


def _chunks(chunks: Any, spatial: tuple[Hashable, Hashable]) -> Any:
    """Return the chunks of the two spatial axes from an int, a pair, or a mapping by dim.

    An empty mapping, `LIKE_SOURCE`, stays what it is.
    """
    if isinstance(chunks, str) and chunks == "auto":
        return "auto", "auto"
    if isinstance(chunks, Mapping) and not chunks:
        return LIKE_SOURCE
    if isinstance(chunks, Mapping):
        unknown = [dim for dim in chunks if dim not in spatial]
        if unknown:
            raise InvalidInputError(
                f"chunks names {unknown}; only the spatial dims {list(spatial)} can be rechunked, "
                f"other dims keep the source's chunks",
                "chunks",
            )
        return chunks.get(spatial[0], "auto"), chunks.get(spatial[1], "auto")
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
