"""From a plan to a dask array. The only room that imports dask."""

from gridr_dask.graph.assemble import resample_lazily, unmade
from gridr_dask.graph.expressions import as_graph
from gridr_dask.graph.images import Image, image_of, is_dask
from gridr_dask.graph.nodes import Positions, RulePositions, positions_of
from gridr_dask.graph.stored import Stored, data_of
from gridr_dask.graph.tasks import Resampling
from gridr_dask.graph.tiling import AUTO, DEFAULT_CHUNK, Tiling, check_memory, chunk_sizes, tile

__all__ = [
    "AUTO",
    "DEFAULT_CHUNK",
    "Image",
    "Positions",
    "Resampling",
    "RulePositions",
    "Stored",
    "Tiling",
    "as_graph",
    "check_memory",
    "chunk_sizes",
    "data_of",
    "image_of",
    "is_dask",
    "positions_of",
    "resample_lazily",
    "tile",
    "unmade",
]
