"""Resampling of rasters through coordinate grids, from a numpy array to a dask cluster.

Importing the package registers ``.gridr`` on xarray objects.
"""

from gridr_dask._core import __version__
from gridr_dask.accessor import GridrDataArrayAccessor, GridrDatasetAccessor
from gridr_dask.compat import array_bspline_prefiltering, array_grid_resampling, get_interpolator
from gridr_dask.errors import (
    CoverageError,
    GridrError,
    InvalidInputError,
    MissingDependencyError,
    UnsupportedDtypeError,
)
from gridr_dask.io import Supertiles, to_zarr
from gridr_dask.plan import Plan
from gridr_dask.positions import AbsoluteGrid, AffineGrid, CallableGrid, CrsGrid, DisplacementGrid
from gridr_dask.versions import show_versions

__all__ = [
    "AbsoluteGrid",
    "AffineGrid",
    "CallableGrid",
    "CoverageError",
    "CrsGrid",
    "DisplacementGrid",
    "GridrDataArrayAccessor",
    "GridrDatasetAccessor",
    "GridrError",
    "InvalidInputError",
    "MissingDependencyError",
    "Plan",
    "Supertiles",
    "UnsupportedDtypeError",
    "__version__",
    "array_bspline_prefiltering",
    "array_grid_resampling",
    "get_interpolator",
    "show_versions",
    "to_zarr",
]
