"""Grids of displacements: these are interpolated first, then the pixel's own index is added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridr_dask.compute import Nodes
from gridr_dask.geometry import Window
from gridr_dask.positions.cells import upsampled

__all__ = ["AbsoluteGrid", "DisplacementGrid", "displaced", "displaced_at_nodes"]


@dataclass(frozen=True, slots=True, eq=False)
class AbsoluteGrid:
    """Source positions at nodes: what a plain pair of arrays is, said in words.

    Attributes
    ----------
    rows, cols : array, 2-D, numpy or dask
        Row and column of the source, in pixels.
    """

    rows: Any
    cols: Any


@dataclass(frozen=True, slots=True, eq=False)
class DisplacementGrid:
    """How far each target pixel's value lies from the pixel itself: position = index + displacement.

    Attributes
    ----------
    rows, cols : array, 2-D, numpy or dask
        Displacement at the nodes, in pixels, along rows and columns.
    """

    rows: Any
    cols: Any


def displaced(nodes: Nodes, target: Window) -> Nodes:
    """Return a node for each pixel of a window: the interpolated displacement plus the pixel's index."""
    rows, cols = upsampled(nodes, target)
    i, j = (np.arange(*span, dtype=np.float64) for span in (target.rows, target.cols))
    return Nodes(rows + i[:, None], cols + j[None, :], (target.rows[0], target.cols[0]))


def displaced_at_nodes(nodes: Nodes) -> Nodes:
    """Return the positions at nodes that hold displacements.

    An index is bilinear too, so between them positions are as between any.
    """
    i, j = (
        (np.arange(size, dtype=np.float64) + start) * step
        for size, start, step in zip(nodes.rows.shape, nodes.first, nodes.resolution, strict=True)
    )
    return replace(nodes, rows=nodes.rows + i[:, None], cols=nodes.cols + j[None, :])
