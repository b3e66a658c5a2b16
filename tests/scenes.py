"""An image with its grid, and the ways to resample it: whole, in pieces, lazily."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any
from unittest import mock

import dask.array as da
import numpy as np
import xarray as xr

import gridr_dask  # noqa: F401 - registers the accessor
from gridr_dask.compute import (
    Blocks,
    Nodes,
    SampleRule,
    SourceMask,
    get_interpolator,
    isa,
    kernel_of,
    resample_window,
)
from gridr_dask.compute.dtypes import default_fill
from gridr_dask.compute.interpolators import Interpolator
from gridr_dask.geometry import Boundary, Grid, Kernel, Window
from gridr_dask.graph.tasks import ChunkTask, Resampling, fill_chunk, resample_chunk
from gridr_dask.plan import Chunking, ChunkPlan, plan_chunks, position_bounds
from gridr_dask.plan.chunks import spans_of
from tests.stores import opened

LOCAL = ("nearest", "linear", "cubic")
"""Kernels on the samples themselves: a pixel depends on its taps and on nothing else."""

SPLINES = ("bspline3", "bspline5", "bspline7", "bspline9", "bspline11")
KERNELS = LOCAL + SPLINES

BOUNDARIES = (
    Boundary(),
    *(Boundary(mode, True) for mode in ("constant", "edge", "reflect", "symmetric", "wrap")),
    Boundary("reflect", False),
)
EVERY_SAMPLE = SampleRule()

INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
COMPUTED = ("?", *INTEGERS, "f4", "f8", "c8", "c16")
COPIED = ("M8[ns]", "m8[s]", "S5", "f2", "g", "G", "i2,f4")
"""Types that only `nearest` moves."""

Pair = tuple[int, int]
Result = tuple[np.ndarray, np.ndarray]
Cuts = tuple[tuple[int, ...], tuple[int, ...]]


def kernel_named(name: str) -> Kernel:
    """A kernel with its default parameters."""
    return kernel_of(get_interpolator(name))


def resampling(**parts: Any) -> Resampling:
    """What all chunks of a plain linear resampling have in common, some of it changed."""
    plain = {
        "kernel": kernel_named("linear"),
        "boundary": Boundary(),
        "source_origin": (0, 0),
        "axes": (-2, -1),
        "fill": np.float64(-1),
        "rule": SampleRule(),
        "safe": None,
        "with_valid": False,
    }
    return Resampling(**(plain | parts))


@dataclass(frozen=True)
class Scene:
    """An image, a grid, and what is asked for."""

    source: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    resolution: Pair
    window: Window
    interp: Interpolator
    origin: Pair
    fill: np.generic
    boundary: Boundary = Boundary()
    mask: np.ndarray | None = None
    safe: Window | None = None
    rule: SampleRule = EVERY_SAMPLE

    @property
    def kernel(self) -> Kernel:
        return kernel_of(self.interp)

    @property
    def grid(self) -> Grid:
        return Grid(self.rows.shape, self.resolution)

    @property
    def shape(self) -> Pair:
        return self.source.shape[-2:]

    def changed(self, **parts: Any) -> Scene:
        """The scene with some of its parts replaced."""
        return replace(self, **parts)

    def nodes_of(self, target: Window) -> Nodes:
        """The nodes that a target window needs, and no others."""
        needed = self.grid.nodes_of(target)
        first = needed.rows[0], needed.cols[0]
        return Nodes(self.rows[needed.slices], self.cols[needed.slices], first, self.resolution)

    def whole(self, *, threads: int = 1) -> Result:
        """The window in one call."""
        return resample_window(
            Blocks.whole(self.source, self.origin),
            Nodes(self.rows, self.cols, (0, 0), self.resolution),
            self.window,
            self.kernel,
            fill=self.fill,
            boundary=self.boundary,
            validity=SourceMask(None if self.mask is None else Blocks.whole(self.mask), self.safe, self.rule),
            with_valid=True,
            threads=threads,
        )

    def in_pieces(self, source_cuts: Cuts, target_cuts: Cuts) -> Result:
        """The window chunk by chunk, each from the source and mask blocks that its plan names."""
        target = Chunking(
            spans_of(target_cuts[0], self.window.rows[0]), spans_of(target_cuts[1], self.window.cols[0])
        )
        plan = plan_chunks(
            position_bounds(self.rows, self.cols, target.rows, target.cols, (0, 0), self.resolution),
            target,
            self.kernel,
            self.boundary,
            self.shape,
            self.origin,
        )
        chunks = [
            [self._chunk(plan, source_cuts, i, j) for j in range(len(target.cols))]
            for i in range(len(target.rows))
        ]
        values, valid = (np.block([[c[half] for c in row] for row in chunks]) for half in (0, 1))
        return values, valid

    def _chunk(self, plan: ChunkPlan, source_cuts: Cuts, i: int, j: int) -> Result:
        common = resampling(
            kernel=self.kernel,
            boundary=self.boundary,
            source_shape=self.shape,
            source_origin=self.origin,
            fill=self.fill,
            rule=self.rule,
            safe=self.safe,
            with_valid=True,
        )
        target = plan.window(i, j)
        if not plan.sees_source(i, j):
            shape = (*self.source.shape[:-2], *target.shape)
            return fill_chunk(ChunkTask(common, target), shape, self.source.dtype)
        chunking = Chunking.from_sizes(*source_cuts)
        spans = _spans(chunking, plan.source_blocks(i, j, chunking))
        blocks, mask_spans = _cut(self.source, *spans), ((), ())
        if self.mask is not None:
            chunking = Chunking.from_sizes(*mask_cuts(source_cuts))
            mask_spans = _spans(chunking, plan.mask_blocks(i, j, chunking))
            blocks += _cut(self.mask, *mask_spans)
        return resample_chunk(ChunkTask(common, target, *spans, *mask_spans), self.nodes_of(target), *blocks)

    def lazily(
        self,
        source_cuts: Cuts,
        target_cuts: Cuts,
        *,
        lazy_grid: bool = False,
        turned: bool = False,
        reading: str | None = None,
        side: int | None = None,
    ) -> Any:
        """The window as a pair of lazy DataArrays, by the public accessor; or as supertiles of a side.

        `turned` gives it an image whose dims stand in the opposite order. `reading` is how one is read that
        is not a dask array, but opened only; its chunks are about as large.
        """
        leading = tuple((1,) * n for n in self.source.shape[:-2])
        grid: Any = (self.rows, self.cols)
        if lazy_grid:
            grid = tuple(da.from_array(nodes, tuple(n // 2 + 1 for n in nodes.shape)) for nodes in grid)
        mask: Any = self.mask
        dims = [*("time", "band")[: len(leading)], "y", "x"]
        if reading is not None:
            sizes = (*map(max, leading), *map(max, source_cuts)) if self.source.size else self.source.shape
            image = opened(self.source, dims, sizes)
            mask = mask if mask is None or not lazy_grid else opened(mask, dims[-2:], sizes[-2:])
        else:
            image = xr.DataArray(da.from_array(self.source, (*leading, *source_cuts)), dims=dims)
            mask = mask if mask is None or not lazy_grid else da.from_array(mask, mask_cuts(source_cuts))
        accessor = (image.T if turned else image).gridr
        call = accessor.resample if side is None else partial(accessor.supertiles, side=side)
        pair = call(
            grid,
            interp=self.interp,
            grid_resolution=self.resolution,
            window=self.window.slices,
            chunks=target_cuts,
            source=reading or "auto",
            mask=mask,
            mask_safe_win=None if self.safe is None else self.safe.slices,
            boundary_condition=None if self.boundary.mode == "none" else self.boundary.mode,
            trust_padding=self.boundary.trusted,
            src_nodata=self.rule.nodata,
            nan_policy="invalid" if self.rule.nan else "propagate",
            nodata_out=self.fill,
            dtype=self.fill.dtype,
            return_mask=True,
            source_origin=self.origin,
        )
        if side is not None:
            return pair
        return [half.transpose(*(dim for dim in image.dims if dim in half.dims)) for half in pair]


def mask_cuts(source_cuts: Cuts) -> Cuts:
    """Chunks of a mask: others than those of its source."""
    return source_cuts[0][::-1], source_cuts[1][::-1]


def _spans(chunking: Chunking, indices: tuple[list[int], list[int]]) -> Any:
    return tuple(chunking.rows[k] for k in indices[0]), tuple(chunking.cols[k] for k in indices[1])


def _cut(array: np.ndarray, rows: Any, cols: Any) -> list[np.ndarray]:
    return [array[..., slice(*r), slice(*c)] for r, c in product(rows, cols)]


def enough(kernel: str) -> Boundary:
    """A boundary with which a kernel is valid on the whole of an image, however small."""
    return Boundary("reflect", True) if kernel in SPLINES else Boundary()


def anywhere(kernel: str) -> dict[str, Any]:
    """Arguments of the accessor for a kernel, with the boundary of `enough`."""
    boundary = enough(kernel)
    if boundary.mode == "none":
        return {"interp": kernel}
    return {"interp": kernel, "boundary_condition": boundary.mode, "trust_padding": boundary.trusted}


def scene_of(
    source: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    kernel: str | Interpolator,
    out: Any = None,
    boundary: Boundary = Boundary(),
) -> Scene:
    """A scene of an image at given positions, one for each target pixel."""
    return Scene(
        source=source,
        rows=rows,
        cols=cols,
        resolution=(1, 1),
        window=Window.whole(rows.shape),
        interp=get_interpolator(kernel),
        origin=(0, 0),
        fill=default_fill(np.dtype(out or source.dtype)),
        boundary=boundary,
    )


def to_bytes(results: Sequence[Any]) -> tuple[Any, ...]:
    """All that can differ between two results: types, shapes and bits."""
    return tuple((a.dtype.str, a.shape, _bits(a)) for a in map(np.asarray, results))


def _bits(array: np.ndarray) -> bytes:
    if array.dtype.char not in "gG":
        return array.tobytes()
    # A long double of x86 has 10 bytes of its 16 or 12; the others hold anything.
    size = np.dtype("g").itemsize
    return np.frombuffer(array.tobytes(), np.uint8).reshape(-1, size)[:, :10].tobytes()


@contextmanager
def running_on(name: str) -> Iterator[None]:
    """Force an instruction set."""
    with mock.patch.dict(os.environ, {isa.VARIABLE: name}):
        yield
