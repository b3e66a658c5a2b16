"""Resamples a small image into target.zarr."""

import numpy as np
import xarray as xr

import gridr_dask

image = xr.DataArray(np.arange(10_000.0).reshape(100, 100), dims=("y", "x"), name="image")
rows, cols = np.mgrid[:90, :90] + 0.25
gridr_dask.to_zarr(image.gridr.resample((rows, cols), chunks=45), "target.zarr")
