"""``.gridr`` on xarray objects; registered when `gridr_dask` is imported."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import xarray as xr

from gridr_dask import api
from gridr_dask.api.kernels import Interp
from gridr_dask.api.request import DType
from gridr_dask.io import Supertiles
from gridr_dask.plan import Plan

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
    ) -> Any:
        """Resample the image at the source positions that a grid gives for each target pixel.

        The result is lazy if the source or the grid is a dask array or `chunks` is given, or `source` is
        "direct"; else numpy.
        Its bytes are the same either way, whatever the chunks, threads, scheduler or CPU.

        Parameters
        ----------
        grid : pair of arrays, array of shape (2, y, x), Dataset, affine map or callable
            Source positions in pixels, ``(rows, cols)``, stacked in one array, or as variables ``row``
            and ``col``; numpy or dask, float32 or float64. Pixel centres stand at integers. A node that
            is not finite is invalid, and so is every pixel that is interpolated from it. Or a rule, which
            never becomes a whole array: an ``affine.Affine`` or its 6 numbers, from target (column, row) to
            source (column, row); a pure function from two arrays of target rows and columns to two of
            source rows and columns; a `gridr_dask.DisplacementGrid` or `gridr_dask.CrsGrid`.
        shape : (int, int), optional
            Rows and columns of the target of an affine map or a function.
        kind : "absolute" or "displacement"
            Whether arrays hold positions, or how far they are from the target pixel's own index; the latter
            are interpolated first.
        interp : str, Interpolator or mapping
            ``"nearest"``, ``"linear"`` (``"bilinear"``), ``"cubic"`` (``"bicubic"``, a = -1/2),
            ``"bspline3"``, ``"bspline5"``, ..., ``"bspline11"``, or an object of
            `gridr_dask.get_interpolator`, which carries the precision of a B-spline's prefilter.
            ``"auto"``: cubic, but nearest for booleans and for what has the CF attributes ``flag_values``,
            ``flag_masks`` or ``flag_meanings``. A mapping gives one for each variable: by its name, else by
            the type that describes it most closely (``"u1"``, ``np.float32``, ``np.integer``), else that of
            the key ``...``, else ``"auto"``. A text of one letter is a name, never a type.
        grid_resolution : (int, int)
            Target pixels from a node to the next, along rows and columns; positions in between are
            interpolated bilinearly.
        window : pair of slices, optional
            Rows and columns of the target to compute, in target pixels; default all,
            ``(nodes - 1) * grid_resolution + 1`` along each axis.
        chunks : int, pair, mapping by dim or "auto", optional
            Chunks of the target along the spatial dims; default ``"auto"`` when lazy: 2048, or less where
            a task would not fit into ``gridr.task-memory``. ``{}``: as large as those of the source, or of
            its store, as `xarray.open_dataset` means it; of a Dataset, of its first variable. Other dims keep
            theirs.
        source : "auto", "blocks" or "direct"
            How a lazy call reads a source that xarray has opened and not read, without dask, as
            ``xr.open_zarr(..., chunks=None)`` does: ``"direct"``, each task its own windows; ``"blocks"``,
            a task for each chunk of the store. ``"auto"`` is direct, but blocks where tasks would read chunks
            more than twice, what a row of target chunks reads fits into half of ``gridr.task-memory``, and a
            task is handed 16 chunks at most, on average. A mask is read in the same way.
        mask : array, optional
            Validity of the source along its spatial dims, for all bands: 0 or False is invalid. A pixel that
            needs an invalid sample is invalid.
        mask_safe_win : pair of slices, optional
            Part of the source that is valid whatever the mask says; it is not looked at. Rarely needed: the
            engine finds such parts itself.
        grid_mask : array, optional
            0 where a node is invalid, of the grid's shape.
        grid_nodata : float, optional
            Coordinate that marks invalid nodes; excludes `grid_mask`.
        boundary_condition : str, optional
            How the source continues past its edge: ``"constant"`` (zeros), ``"edge"``, ``"reflect"``,
            ``"symmetric"``, ``"wrap"``, as in `numpy.pad`. Default: it ends there.
        trust_padding : bool
            Needed with `boundary_condition`: whether what stands past the edge is valid, as far as the kernel
            reaches. If not, a B-spline's filter sees it, but pixels near the edge are invalid.
        src_nodata : number, "auto", None, or mapping
            Samples of this value are invalid, band by band. ``"auto"``: what the source declares as
            ``_FillValue``, ``missing_value`` or ``nodata``. A mapping gives a value for each variable, as of
            `interp`; the same holds for `nodata_out` and `dtype`.
        nodata_out : number, "auto", or mapping
            Written where no value can be computed. ``"auto"``: the ``_FillValue``, ``missing_value`` or
            ``nodata`` of the source, else NaN (NaT), else 0. The result declares it as the source did; one
            that is chosen, as ``_FillValue``.
        nan_policy : "propagate" or "invalid"
            Whether a pixel that needs a sample that is NaN is NaN, or invalid. Other pixels are unaffected.
        dtype : dtype or mapping, optional
            Type of the result; default the source's. Integers are rounded half to even and saturate. Types
            that are keys of a mapping are those of the source.
        return_mask : bool
            Whether to return ``(result, valid)``, ``valid`` being True where a value was computed: along
            the spatial dims, but along all dims when bands can differ.
        source_origin : (int, int)
            Position of the first source pixel in the frame that the grid refers to: for an image cut
            out by ``isel``, the start of its slices.
        variables : iterable of names, optional
            Variables of a Dataset to resample; default all with both spatial dims.
        dims : (row dim, column dim), optional
            The spatial dims; default those whose coordinates say so with CF's ``axis``, ``standard_name``
            or ``units``, else y/x, row/col, lat/lon, ..., else the only two.
        coords : mapping or GeoBox, optional
            Coordinates to put on the result, as `assign_coords` takes them; a CRS among them is noted as
            its ``grid_mapping``. Or where the whole target lies, as a `GeoBox` of odc-geo, whose names the
            dims get. Coordinates of the source along the spatial dims, and its CRS, are no longer true and
            dropped.
        keep_attrs : bool, optional
            Whether attributes are kept; None asks `xarray.set_options`.

        Returns
        -------
        same type as the object, or a pair of it with `return_mask`
            Dims in the source's order, the spatial ones of the target's size. Variables of a Dataset
            without spatial dims pass through; those along one of them have no place on the target.

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
            shape=shape,
            kind=kind,
            interp=interp,
            grid_resolution=grid_resolution,
            window=window,
            chunks=chunks,
            source=source,
            mask=mask,
            mask_safe_win=mask_safe_win,
            grid_mask=grid_mask,
            grid_nodata=grid_nodata,
            boundary_condition=boundary_condition,
            trust_padding=trust_padding,
            src_nodata=src_nodata,
            nodata_out=nodata_out,
            nan_policy=nan_policy,
            dtype=dtype,
            return_mask=return_mask,
            source_origin=source_origin,
            variables=variables,
            dims=dims,
            coords=coords,
            keep_attrs=keep_attrs,
        )

    def plan(self, grid: Any, **arguments: Any) -> Plan:
        """Return what `resample` with the same arguments would read and hold if it is lazy.

        Nothing is read but the grid: a lazy one is computed, for its extents. A plan is given of what
        `resample` refuses as too large, too.

        Parameters
        ----------
        grid
            As in `resample`; for a reprojection, a `gridr_dask.CrsGrid`.
        **arguments
            Those of `resample`.

        Returns
        -------
        Plan
            With ``summary()``, ``windows``, ``to_json()``, and a picture in notebooks.

        Raises
        ------
        InvalidInputError, UnsupportedDtypeError
            As `resample` raises them.

        Examples
        --------
        >>> import numpy as np, xarray as xr, gridr_dask
        >>> image = xr.DataArray(np.zeros((300, 400)), dims=("y", "x"))
        >>> plan = image.gridr.plan(np.mgrid[:200, :200] + 0.5, chunks=100)
        >>> plan.summary()["tasks"], plan.windows[0, 1].tolist()
        (4, [0, 102, 99, 202])
        """
        return api.plan(self._obj, grid, **arguments)

    def supertiles(self, grid: Any, *, side: int = 16, **arguments: Any) -> Supertiles:
        """Return a lazy `resample` in pieces, each planned when its turn comes: for very large targets.

        Neither the graph nor the table of windows of the whole is ever held, and a lazy grid is computed
        part by part. The bytes are those of `resample`. Iterating yields pairs ``(region, piece)``;
        `gridr_dask.to_zarr` writes them one after the other.

        Parameters
        ----------
        grid
            As in `resample`; for a reprojection, a `gridr_dask.CrsGrid`.
        side : int
            Chunks along a side of a piece.
        **arguments
            Those of `resample`. ``"auto"`` for `chunks` is 2048 here: what memory allows is not known before.

        Returns
        -------
        Supertiles

        Raises
        ------
        InvalidInputError, UnsupportedDtypeError
            As `resample` raises them; what does not fit into ``gridr.task-memory``, when its turn comes.

        Examples
        --------
        >>> import numpy as np, xarray as xr, gridr_dask
        >>> image = xr.DataArray(np.arange(100.0).reshape(10, 10), dims=("y", "x"), name="image")
        >>> tiles = image.gridr.supertiles(np.mgrid[:8, :8] + 0.5, interp="linear", chunks=2, side=2)
        >>> len(tiles), [piece.values[0, 0].item() for region, piece in tiles]
        (4, [5.5, 9.5, 45.5, 49.5])
        """
        return api.supertiles(self._obj, grid, side, **arguments)

    def reproject(
        self,
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
        """Reproject a georeferenced image to another CRS, or onto the pixels of another image.

        Needs ``pip install 'gridr_dask[geo]'``. Where the image lies is read from its coordinates and
        CRS, as ``.odc`` and ``.rio`` leave them. A source that goes around the world has no seam where its
        edges meet; in longitudes and latitudes, none at a pole either.

        Parameters
        ----------
        how : CRS, GeoBox, DataArray or Dataset
            The CRS of the target; or its pixels, as a `GeoBox` of odc-geo; or an object to match.
        interp : str, Interpolator or mapping
            As in `resample`; variables that a mapping leaves out are ``"nearest"``.
        resolution : float, (float, float), "auto", "fit" or "same"
            Of the target, in units of its CRS. ``"fit"``: as the source's at its middle; ``"same"``: the
            number of the source; ``"auto"``: the latter if the units are the same, else the former.
        shape : int or (int, int), optional
            Of the target; wins over `resolution`.
        anchor : "default", "edge", "center", "floating", or (float, float)
            How pixels are aligned with the CRS's axes.
        tight : bool
            Whether the target is cut to the source's extent without being aligned.
        chunks : int, pair, mapping by dim or "auto", optional
            As in `resample`; the result is lazy if the source is, or if this is given.
        source, mask, src_nodata, nodata_out, nan_policy, dtype, return_mask, variables, keep_attrs
            As in `resample`; an image of the whole world is read in blocks.
        tolerance : float
            Source pixels by which positions may be off; they are checked against it. 0 transforms each
            pixel, which takes longer.

        Returns
        -------
        same type as the object, or a pair of it with `return_mask`
            With the coordinates and the CRS of the target, for ``.odc`` and ``.rio`` to read. The dims are
            those of odc-geo: ``y, x``, or ``latitude, longitude`` for a geographic CRS.

        Raises
        ------
        InvalidInputError
            If the source has no CRS, or an argument is wrong (a `ValueError`).
        MissingDependencyError
            If odc-geo or pyproj is missing (an `ImportError`).

        Warns
        -----
        UserWarning
            If a target pixel spans more than two source pixels: detail then aliases.

        Examples
        --------
        >>> import numpy as np, xarray as xr, gridr_dask, odc.geo.xr
        >>> from odc.geo.geobox import GeoBox
        >>> box = GeoBox.from_bbox((500_000, 5_000_000, 503_000, 5_002_000), "EPSG:32632", resolution=1000)
        >>> image = odc.geo.xr.wrap_xr(np.arange(6.0).reshape(2, 3), box)
        >>> image.gridr.reproject(box.pad(1)).values
        array([[nan, nan, nan, nan, nan],
               [nan,  0.,  1.,  2., nan],
               [nan,  3.,  4.,  5., nan],
               [nan, nan, nan, nan, nan]])
        """
        return api.reproject(
            self._obj,
            how,
            interp=interp,
            resolution=resolution,
            shape=shape,
            anchor=anchor,
            tight=tight,
            chunks=chunks,
            mask=mask,
            source=source,
            src_nodata=src_nodata,
            nodata_out=nodata_out,
            nan_policy=nan_policy,
            dtype=dtype,
            tolerance=tolerance,
            return_mask=return_mask,
            variables=variables,
            keep_attrs=keep_attrs,
        )


@xr.register_dataarray_accessor("gridr")
class GridrDataArrayAccessor(GridrAccessor[xr.DataArray]):
    """Resampling of a DataArray through coordinate grids."""


@xr.register_dataset_accessor("gridr")
class GridrDatasetAccessor(GridrAccessor[xr.Dataset]):
    """Resampling of the variables of a Dataset through coordinate grids."""
