"""Seeded calls of the accessor with masks, boundaries, nodata and NaN; their results whole or in chunks."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr

from gridr_dask import get_interpolator
from gridr_dask.geometry.boundary import MODES

KERNELS = {
    **{name: name for name in ("nearest", "linear", "cubic", "bspline3", "bspline9", "bspline11")},
    "bspline5 of epsilon 1e-2": get_interpolator("bspline5", epsilon=1e-2, mask_influence_threshold=1.0),
    "bspline7 of epsilon 1e-11": get_interpolator("bspline7", epsilon=1e-11, mask_influence_threshold=0.1),
    # Its influence reaches farther than its filter.
    "bspline3 of influence 1e-9": get_interpolator("bspline3", epsilon=0.5, mask_influence_threshold=1e-9),
}

EDGES = {"ends": (None, None)} | {
    f"{mode} {'trusted' if trusted else 'untrusted'}": (mode, trusted)
    for mode in MODES
    for trusted in (True, False)
}

FACTORS = {
    "kernel": tuple(KERNELS),
    "edge": tuple(EDGES),
    "mask": (None, "mask", "safe window"),
    "samples": (None, "src_nodata", "nan propagates", "nan is invalid"),
    "nodes": (None, "grid_mask", "grid_nodata", "nan nodes"),
    "dtype": ("f8", "f4", "u1", "i2", "c8"),
}


@dataclass
class Case:
    """An image, a grid, and the other arguments of a call; equal to the last bit however it is cut."""

    image: np.ndarray
    grid: tuple[np.ndarray, np.ndarray]
    resolution: tuple[int, int]
    mask: np.ndarray | None = None
    grid_mask: np.ndarray | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> tuple[int, int]:
        rows, cols = ((n - 1) * step + 1 for n, step in zip(self.grid[0].shape, self.resolution, strict=True))
        return rows, cols

    def whole(self) -> Any:
        """Result and validity of one call on numpy arrays."""
        return self._call(self.image, self.grid, self.mask, self.grid_mask, None)

    def lazily(self, rng: np.random.Generator, chunks: Any = None, source: Any = None) -> Any:
        """Result and validity as dask arrays, all inputs and the target cut at random."""
        height, width = self.image.shape[-2:]
        image = da.from_array(self.image, source or (*(int(rng.integers(1, 3)),), *cut(rng, height, width)))
        mask, grid, grid_mask = self.mask, self.grid, self.grid_mask
        if mask is not None and rng.random() < 0.8:
            mask = da.from_array(mask, source[-2:] if source else cut(rng, height, width))
        if rng.random() < 0.5:
            parts = cut(rng, *grid[0].shape)
            grid = tuple(da.from_array(axis, parts) for axis in grid)
            if grid_mask is not None:
                grid_mask = da.from_array(grid_mask, cut(rng, *grid_mask.shape))
        return self._call(image, grid, mask, grid_mask, chunks or cut(rng, *self.target))

    def _call(self, image: Any, grid: Any, mask: Any, grid_mask: Any, chunks: Any) -> Any:
        return xr.DataArray(image, dims=("band", "y", "x")).gridr.resample(
            grid,
            grid_resolution=self.resolution,
            mask=mask,
            grid_mask=grid_mask,
            chunks=chunks,
            return_mask=True,
            **self.arguments,
        )


def cut(rng: np.random.Generator, height: int, width: int, least: int = 4) -> tuple[int, int]:
    """Chunk sizes of an axis, from a quarter of it to all of it."""
    return tuple(int(rng.integers(max(1, n // least), n + 1)) for n in (height, width))


def make_case(
    *,
    kernel: str,
    edge: str,
    mask: Any,
    samples: Any,
    nodes: Any,
    dtype: str,
    small: bool = False,
    seed: int = 0,
) -> Case:
    """A case that depends on its arguments only; its image spans several pieces of the filter."""
    rng = np.random.default_rng(seed)
    shape = (11, 13) if small else (150, 290)
    image = (rng.random((2, *shape)) * 200).astype(dtype)
    if dtype == "c8":
        image += 1j * rng.random(image.shape).astype("f4")
    counts, resolution = ((2, 3), (4, 3)) if small else ((13, 25), (12, 12))
    rows, cols = np.meshgrid(*(np.linspace(-0.02, 1.02, n) for n in counts), indexing="ij")
    rows, cols = (rows * 0.95 + cols * 0.07) * shape[0], (cols - rows * 0.05) * shape[1]
    mode, trusted = EDGES[edge]
    case = Case(
        image=image,
        grid=(rows, cols),
        resolution=resolution,
        arguments={
            "interp": KERNELS[kernel],
            "boundary_condition": mode,
            "trust_padding": trusted,
            "nodata_out": 3,
            "src_nodata": None,
        },
    )
    _set_mask(case, mask, rng)
    _set_samples(case, samples, rng)
    _set_nodes(case, nodes, rng)
    return case


def _set_mask(case: Case, kind: Any, rng: np.random.Generator) -> None:
    if kind is None:
        return
    height, width = case.image.shape[-2:]
    case.mask = rng.random((height, width)) > 1 / (60 * min(height, width))
    case.mask[:, : width // 30] = False
    case.mask[height // 3, width // 2] = False
    if kind == "safe window":
        # Only partly true: it is not verified, neither whole nor in chunks.
        case.arguments["mask_safe_win"] = slice(height // 5, height), slice(width // 6, 3 * width // 4)


def _set_samples(case: Case, kind: Any, rng: np.random.Generator) -> None:
    if kind == "src_nodata":
        nodata = case.image[0, 3, 3]
        # Common enough to matter, rare enough that not all pixels are near to one.
        case.image[(case.image == nodata) & (rng.random(case.image.shape) > 0.01)] += 1
        case.image[0, 3, 3] = case.image[1, -3, -4] = nodata
        case.arguments["src_nodata"] = nodata
    elif kind is not None:
        case.arguments["nan_policy"] = "propagate" if kind == "nan propagates" else "invalid"
        if case.image.dtype.kind in "fc":
            holes = rng.random(case.image.shape) < 3 / case.image[0].size
            case.image[holes] = np.nan
            height, width = case.image.shape[-2:]
            case.image[1, 4, 5] = np.nan
            case.image[0, height // 4 :: height // 3, 2 * width // 3 : 2 * width // 3 + 2] = np.inf


def _set_nodes(case: Case, kind: Any, rng: np.random.Generator) -> None:
    invalid = rng.random(case.grid[0].shape) < 0.1
    invalid[-1, -1] = True
    if kind == "grid_mask":
        case.grid_mask = ~invalid
    elif kind == "grid_nodata":
        case.arguments["grid_nodata"] = -999.25
        case.grid[1][invalid] = -999.25
    elif kind == "nan nodes":
        case.grid[0][invalid] = np.nan


def digest(pair: Any) -> list[Any]:
    """All that can differ between two pairs of result and validity, their bytes as a hash."""
    return [
        (half.dims, half.dtype.str, half.shape, sha256(half.values.tobytes()).hexdigest()) for half in pair
    ]
