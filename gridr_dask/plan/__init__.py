"""Which source each target chunk needs: windows and extents, never pixels."""

from gridr_dask.plan.chunks import Chunking, ChunkPlan, plan_chunks
from gridr_dask.plan.footprint import node_bounds

__all__ = ["ChunkPlan", "Chunking", "node_bounds", "plan_chunks"]
