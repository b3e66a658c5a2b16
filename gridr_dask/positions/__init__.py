"""Grids that are rules, not arrays: the positions of a window are made where they are needed."""

from gridr_dask.positions.crs import CrsGrid
from gridr_dask.positions.displacement import AbsoluteGrid, DisplacementGrid, displaced, displaced_at_nodes
from gridr_dask.positions.globe import Globe
from gridr_dask.positions.rules import AffineGrid, CallableGrid, Rule

__all__ = [
    "AbsoluteGrid",
    "AffineGrid",
    "CallableGrid",
    "CrsGrid",
    "DisplacementGrid",
    "Globe",
    "Rule",
    "displaced",
    "displaced_at_nodes",
]
