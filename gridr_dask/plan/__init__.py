"""Which source each target chunk needs: windows and extents, never pixels."""

from gridr_dask.plan.chunks import ChunkPlan, plan_chunks
from gridr_dask.plan.footprint import node_bounds

__all__ = ["ChunkPlan", "node_bounds", "plan_chunks"]
