"""Where the positions of many target windows lie, from the nodes of a sub-sampled grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask import _core

__all__ = ["hulls_of_pixels"]


def hulls_of_pixels(
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    row_ends: npt.NDArray[np.int64],
    col_ends: npt.NDArray[np.int64],
    resolution: tuple[int, int],
) -> npt.NDArray[np.float64]:
    """Return the extent of the positions of the pixels of every window, up to rounding.

    Parameters
    ----------
    rows, cols : ndarray of float32 or float64, 2-D
        Row and column coordinate of the nodes. A node counts if both are finite.
    row_ends, col_ends : ndarray of int64, (n, 2)
        First and last pixel of the windows along both axes, counted from the first node: between nodes.
    resolution : (int, int)
        Target pixels from a node to the next.

    Returns
    -------
    ndarray of float64, (len(row_ends), len(col_ends), 4)
        Smallest and largest row, smallest and largest column; ``inf, -inf`` where there is none.
    """
    planes = _core.position_hulls(rows, cols, resolution, row_ends, col_ends)
    return np.moveaxis(planes, 0, -1)
