"""Results in and out of stores."""

from gridr_dask.io.zarr import to_zarr

__all__ = ["to_zarr"]
