"""Values that every room shares: windows, grids, kernels and boundaries, without pixels.

Axis order is always (row, col); pixel centres stand at integers, so pixel (0, 0) covers
``[-0.5, 0.5) x [-0.5, 0.5)``.
"""

from gridr_dask.geometry.boundary import Boundary
from gridr_dask.geometry.grid import Grid
from gridr_dask.geometry.kernel import Kernel
from gridr_dask.geometry.window import Window

__all__ = ["Boundary", "Grid", "Kernel", "Window"]
