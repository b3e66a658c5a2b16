"""Which source each target chunk needs: windows and extents, never pixels."""

from gridr_dask.plan.chunks import Chunking, ChunkPlan, plan_chunks
from gridr_dask.plan.footprint import node_bounds, position_bounds
from gridr_dask.plan.memory import Load
from gridr_dask.plan.report import Plan

__all__ = ["ChunkPlan", "Chunking", "Load", "Plan", "node_bounds", "plan_chunks", "position_bounds"]
