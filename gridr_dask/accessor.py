"""``.gridr`` on xarray objects; registered when `gridr_dask` is imported."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy.typing as npt
import xarray as xr

from gridr_dask import api

__all__ = ["GridrDataArrayAccessor", "GridrDatasetAccessor"]

_Object = TypeVar("_Object", xr.DataArray, xr.Dataset)


class GridrAccessor(Generic[_Object]):
    """Resampling of an xarray object through coordinate grids."""

    def __init__(self, obj: _Object) -> None:
        self._obj: _Object = obj

    def resample(
        self,
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
        """Resample the image at the source positions that a grid gives for each target pixel.

        The result is lazy if the source or the grid is a dask array or `chunks` is given, else numpy.
        Its bytes are the same either way, whatever the chunks, threads, scheduler or CPU.

        Parameters
        ----------
        grid : pair of arrays, array of shape (2, y, x), or Dataset
            Source positions in pixels, ``(rows, cols)``, stacked in one array, or as variables ``row``
            and ``col``; numpy or dask, float32 or float64. Pixel centres stand at integers. A node that
            is not finite is invalid, and so is every pixel that is interpolated from it.
        interp : str
            ``"nearest"``, ``"linear"`` (``"bilinear"``) or ``"cubic"`` (``"bicubic"``, a = -1/2).
        grid_resolution : (int, int)
            Target pixels from a node to the next, along rows and columns; positions in between are
            interpolated bilinearly.
        window : pair of slices, optional
            Rows and columns of the target to compute, in target pixels; default all,
            ``(nodes - 1) * grid_resolution + 1`` along each axis.
        chunks : int, pair, mapping by dim or "auto", optional
            Chunks of the target along the spatial dims; default 2048 when lazy. Other dims keep theirs.
        nodata_out : number or "auto"
            Written where no value can be computed. ``"auto"``: the ``_FillValue``, ``missing_value`` or
            ``nodata`` of the source, else NaN (NaT), else 0.
        dtype : dtype, optional
            Type of the result; default the source's. Integers are rounded half to even and saturate.
        return_mask : bool
            Whether to return ``(result, valid)``, ``valid`` being True where a value was computed: along
            the spatial dims, but along all dims when bands can differ.
        source_origin : (int, int)
            Position of the first source pixel in the frame that the grid refers to: for an image cut
            out by ``isel``, the start of its slices.
        dims : (row dim, column dim), optional
            The spatial dims; default y/x, row/col, lat/lon, ... or the only two.
        coords : mapping, optional
            Coordinates to put on the result, as `assign_coords` takes them. Those of the source along the
            spatial dims, and its CRS, are no longer true and dropped.
        keep_attrs : bool, optional
            Whether attributes are kept; None asks `xarray.set_options`.

        Returns
        -------
        same type as the object, or a pair of it with `return_mask`
            Dims in the source's order, the spatial ones of the target's size. Variables of a Dataset
            without both spatial dims pass through.

        Raises
        ------
        InvalidInputError
            If an argument is wrong (a `ValueError`).
        UnsupportedDtypeError
            If samples can't be resampled this way (a `TypeError`).

        Examples
        --------
        >>> import numpy as np, xarray as xr, gridr_dask
        >>> image = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("y", "x"))
        >>> rows, cols = np.mgrid[0:2, 0:3] + 0.5
        >>> image.gridr.resample((rows, cols), interp="linear").values
        array([[2.5, 3.5, 4.5],
               [6.5, 7.5, 8.5]])
        """
        return api.resample(
            self._obj,
            grid,
            interp=interp,
            grid_resolution=grid_resolution,
            window=window,
            chunks=chunks,
            nodata_out=nodata_out,
            dtype=dtype,
            return_mask=return_mask,
            source_origin=source_origin,
            dims=dims,
            coords=coords,
            keep_attrs=keep_attrs,
        )


@xr.register_dataarray_accessor("gridr")
class GridrDataArrayAccessor(GridrAccessor[xr.DataArray]):
    """Resampling of a DataArray through coordinate grids."""


@xr.register_dataset_accessor("gridr")
class GridrDatasetAccessor(GridrAccessor[xr.Dataset]):
    """Resampling of the variables of a Dataset through coordinate grids."""
