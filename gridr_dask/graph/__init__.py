"""From a plan to a dask array. The only room that imports dask."""

from gridr_dask.graph.assemble import DEFAULT_CHUNK, is_dask, resample_lazily
from gridr_dask.graph.tasks import Resampling

__all__ = ["DEFAULT_CHUNK", "Resampling", "is_dask", "resample_lazily"]
