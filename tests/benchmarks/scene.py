"""Images to sample and grids to sample them with.

Every position lies well inside of the image, so that the peers' conventions at edges play no part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Grid = tuple[Array, Array]
DTYPES = {"f32": np.float32, "f64": np.float64, "u16": np.uint16}


class Scene:
    """A random image of `size` x `size` pixels, and grids that rotate it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._random = np.random.default_rng(0).random((size, size))

    def image(self, dtype: str = "f64") -> Array:
        """Return the image: from 0 to 1 in floats, over the whole range in integers."""
        values = np.round(self._random * 65535) if dtype == "u16" else self._random
        return values.astype(DTYPES[dtype])

    def grid(self, resolution: int = 1, dtype: str = "f64") -> Grid:
        """Return rows and columns of the nodes: 11 degrees, scale 0.7, and a slight radial warp."""
        nodes = np.arange(0, self.size + resolution - 1, resolution, dtype=float)
        centre, angle = (self.size - 1) / 2, np.deg2rad(11)
        y, x = np.meshgrid(nodes - centre, nodes - centre, indexing="ij")
        scale = 0.7 * (1 + 0.02 * (y**2 + x**2) / centre**2)
        rows = centre + scale * (np.cos(angle) * y - np.sin(angle) * x)
        cols = centre + scale * (np.sin(angle) * y + np.cos(angle) * x)
        return rows.astype(DTYPES[dtype]), cols.astype(DTYPES[dtype])

    def straight(self, dtype: str) -> Grid:
        """Return a grid that scales by 0.9; its rows and columns exchanged, it transposes as well."""
        position = 0.9 * np.arange(self.size) + 0.04 * self.size + 0.3
        rows, cols = np.meshgrid(position, position, indexing="ij")
        return rows.astype(DTYPES[dtype]), cols.astype(DTYPES[dtype])

    def masks(self) -> dict[str, Array]:
        """Return masks of invalid samples: a border of 5 %, and 0.01 % that stand alone."""
        border = np.ones((self.size, self.size), np.uint8)
        width = max(1, self.size // 20)
        border[:width] = border[-width:] = border[:, :width] = border[:, -width:] = 0
        isolated = np.random.default_rng(1).random((self.size, self.size)) > 1e-4
        return {"border": border, "isolated": isolated.astype(np.uint8)}
