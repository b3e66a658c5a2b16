"""Shape and spacing of a coordinate grid: which nodes a target window needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry.window import Span, Window

__all__ = ["Grid"]

_Spans = npt.NDArray[np.int64]

MAX_RESOLUTION = 1 << 24
"""Largest node spacing: the integer weights between nodes then stay exact in float64."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes that stand every `resolution` target pixels; node (0, 0) is target pixel (0, 0).

    Attributes
    ----------
    shape : (int, int)
        Node rows and node columns.
    resolution : (int, int)
        Target pixels from a node to the next, along rows and columns.

    Raises
    ------
    InvalidInputError
        If a resolution is not in ``1..2**24``, an axis has no node, or an axis with a resolution
        over 1 has a single node, which leaves nothing to interpolate between.

    >>> Grid((3, 4), (2, 5)).target_shape
    (5, 16)
    """

    shape: tuple[int, int]
    resolution: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        (rows, cols), (row_step, col_step) = self.shape, self.resolution
        for axis, nodes, step in ("rows", rows, row_step), ("columns", cols, col_step):
            if not 1 <= step <= MAX_RESOLUTION:
                raise InvalidInputError(
                    f"grid_resolution along {axis} is {step}; it must be between 1 and "
                    f"{MAX_RESOLUTION} target pixels per node",
                    "grid-resolution",
                )
            if nodes < 1:
                raise InvalidInputError(f"the grid has no node along {axis}", "grid-shape")
            if step > 1 and nodes < 2:
                raise InvalidInputError(
                    f"insufficient grid coverage along {axis}: a single node with "
                    f"grid_resolution {step}; give at least two nodes or a resolution of 1",
                    "grid-shape",
                )

    @property
    def target_shape(self) -> tuple[int, int]:
        """Rows and columns of the target that the grid describes."""
        rows, cols = ((n - 1) * step + 1 for n, step in zip(self.shape, self.resolution, strict=True))
        return rows, cols

    def nodes_of(self, target: Window) -> Window:
        """Return the nodes that the pixels of a target window are interpolated from.

        A pixel on a node needs that node only.

        >>> Grid((3, 4), (2, 5)).nodes_of(Window((0, 3), (6, 10)))
        Window(rows=(0, 2), cols=(1, 3))
        """
        return Window(_nodes(target.rows, self.resolution[0]), _nodes(target.cols, self.resolution[1]))

    def nodes_of_chunks(self, rows: Sequence[Span], cols: Sequence[Span]) -> tuple[_Spans, _Spans]:
        """Return the node spans of target chunks: those of each row of chunks, and of each column.

        >>> Grid((3, 4), (2, 5)).nodes_of_chunks([(0, 3), (3, 5)], [(0, 16)])[0].tolist()
        [[0, 2], [1, 3]]
        """
        row_ends, col_ends = (np.asarray(spans, np.int64).reshape(-1, 2).T for spans in (rows, cols))
        row_step, col_step = self.resolution
        return np.stack(_nodes(row_ends, row_step), axis=1), np.stack(_nodes(col_ends, col_step), axis=1)


def _nodes(pixels: Any, step: int) -> tuple[Any, Any]:
    return pixels[0] // step, -((1 - pixels[1]) // step) + 1
