"""The same question to `array_grid_resampling`, to the accessor in chunks, and to GridR 0.6.0."""

import numpy as np
import xarray as xr
from gridr.core.grid import grid_resampling as reference

import gridr_dask

IMAGE = np.random.default_rng(0).uniform(1, 10, (12, 13))
LARGE = np.random.default_rng(1).uniform(1, 10, (60, 64))
LOCAL = ("nearest", "linear", "cubic")
SPLINE = {"epsilon": 1e-6, "mask_influence_threshold": 1e-3}
TRUSTED = {"trust_padding": True}


def points(*positions):
    """A grid with a row of nodes at (row, col) positions."""
    rows, cols = np.array(positions, np.float64).T
    return rows[np.newaxis].copy(), cols[np.newaxis].copy()


def gridr(*args, **kwargs):
    """GridR's function; its errors come without its own frames, which are not ours to show."""
    try:
        return reference.array_grid_resampling(*args, **kwargs)
    except Exception as error:
        raise error.with_traceback(None) from None


def ours(interp, image, grid, resolution=(1, 1), **how):
    how = {"array_out_mask": True} | how
    return gridr_dask.array_grid_resampling(interp, image, *grid, resolution, **how)


def theirs(interp, image, grid, resolution=(1, 1), **how):
    """What GridR returns; it wants all arguments, contiguous, and may change the image."""
    how = {"array_out_mask": True, "array_out": None} | how
    if isinstance(interp, str) and interp.startswith("bspline"):
        how = {"interp_kwargs": SPLINE} | how
    return gridr(interp, image.copy(), *grid, resolution, **how)


def lazily(interp, image, grid, resolution=(1, 1), **how):
    """Result and validity of the accessor, in chunks."""
    source = xr.DataArray(image, dims=("y", "x")).chunk(5)
    how = {"nodata_out": 0, "chunks": 3, "return_mask": True} | how
    result, valid = source.gridr.resample(grid, interp=interp, grid_resolution=resolution, **how)
    return result.values, valid.values


def flags(mask):
    return np.ravel(mask).astype(int).tolist()
