"""The verbs of the package on xarray objects: checked once, then eager or lazy."""

from gridr_dask.api.reproject import reproject
from gridr_dask.api.resample import plan, resample, supertiles

__all__ = ["plan", "reproject", "resample", "supertiles"]
