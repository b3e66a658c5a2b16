"""Results in and out of stores."""

from gridr_dask.io.supertiles import Region, Supertiles
from gridr_dask.io.zarr import to_zarr

__all__ = ["Region", "Supertiles", "to_zarr"]
