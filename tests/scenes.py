"""Seeded images and grids, and the ways to resample them: whole, in pieces, lazily."""

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
from xarray.backends import BackendArray
from xarray.core.indexing import (
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)

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
VALIDITIES = ("all", "mask", "safe", "nodata", "nan", "mask and nan")
"""What says which samples of the source are valid; see `make_scene`."""

INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
COMPUTED = ("?", *INTEGERS, "f4", "f8", "c8", "c16")
COPIED = ("M8[ns]", "m8[s]", "S5", "f2", "g", "G", "i2,f4")
"""Types that only `nearest` moves."""

STYLES = ("rotated", "scattered", "lattice", "far")
NOISE = (0.0, 1e-13, -4.9e-13, -5.1e-13, 1e-12, -1e-12)

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


def make_scene(
    *,
    kernel: str,
    dtype: str = "f8",
    out: str | None = None,
    resolution: Pair = (1, 1),
    holes: bool = False,
    part: bool = False,
    grid_dtype: str = "f8",
    leading: tuple[int, ...] = (),
    layout: str = "packed",
    style: str = "rotated",
    origin: Pair = (0, 0),
    boundary: Boundary | None = None,
    validity: str = "all",
    small: bool = False,
    seed: int = 0,
) -> Scene:
    """A scene that depends on its arguments only.

    The image of a spline may be larger than the pieces of its prefilter, and has fewer samples that are
    invalid or not a number, since each one covers many pixels. Its parameters are drawn.
    """
    rng = np.random.default_rng(seed)
    is_spline = kernel in SPLINES
    limits = (9, 9) if small else (180, 330) if is_spline else (40, 40)
    shape = tuple(rng.integers(1, limits).tolist())
    most = np.array((3, 5)) if small else np.array((12, 140)) // np.sqrt(resolution).astype(int)
    node_shape = tuple(rng.integers(2, most + 2).tolist())
    grid = Grid(node_shape, resolution)
    window = Window.whole(grid.target_shape)
    if part:
        spans = [np.sort(rng.choice(n + 1, 2, replace=False)).tolist() for n in grid.target_shape]
        window = Window(tuple(spans[0]), tuple(spans[1]))
    rare = 0.0003 if is_spline else 0.03
    source = arranged(image(rng, (*leading, *shape), np.dtype(dtype), rare), layout)
    rows, cols = nodes(rng, node_shape, shape, style)
    if holes:
        broken = rng.random(node_shape) < 0.1
        rows = np.where(broken, rng.choice([np.nan, np.inf, -np.inf], node_shape), rows)
        cols = np.where(rng.random(node_shape) < 0.05, np.nan, cols)
    out_dtype = np.dtype(out or dtype)
    with np.errstate(over="ignore"):
        rows = (rows + origin[0]).astype(grid_dtype)
        cols = (cols + origin[1]).astype(grid_dtype)
    parameters: dict[str, float] = {}
    if is_spline:
        parameters = {
            "epsilon": rng.choice([1e-2, 1e-6, 1e-12]),
            "mask_influence_threshold": rng.choice([1.0, 1e-1, 1e-3, 1e-6]),
        }
    # Records are not compared with a value.
    has_nodata = validity == "nodata" and source.dtype.kind != "V"
    return Scene(
        source=source,
        rows=rows,
        cols=cols,
        resolution=resolution,
        window=window,
        interp=get_interpolator(kernel, **parameters),
        origin=origin,
        fill=np.array(77, out_dtype)[()] if seed % 2 and out_dtype.kind in "iuf" else default_fill(out_dtype),
        boundary=enough(kernel) if boundary is None else boundary,
        mask=masked(rng, shape, rare) if validity in ("mask", "safe", "mask and nan") else None,
        safe=inner(rng, shape) if validity == "safe" else None,
        rule=SampleRule(
            some_sample(rng, source) if has_nodata else None,
            "nan" in validity,
            "nan" in validity and is_spline,
        ),
    )


class Backend(BackendArray):
    """An array as xarray's backends hold them: what is read of it is a copy."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key: ExplicitIndexer) -> np.ndarray:
        return explicit_indexing_adapter(
            key, self.shape, IndexingSupport.BASIC, lambda index: np.array(self.array[index])
        )


class Recording(Backend):
    """A store that knows what was read of it."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self.reads: list[tuple[int, ...]] = []

    def __getitem__(self, key: ExplicitIndexer) -> np.ndarray:
        part = super().__getitem__(key)
        self.reads.append(part.shape)
        return part


def opened(
    array: np.ndarray, dims: Sequence[str], chunks: Sequence[int], backend: type[Backend] = Backend
) -> xr.DataArray:
    """An array that was opened and not read, like one of a file with such chunks."""
    image = xr.DataArray(xr.Variable(dims, LazilyIndexedArray(backend(array))))
    image.encoding["preferred_chunks"] = dict(zip(dims, chunks, strict=True))
    return image


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


def masked(rng: np.random.Generator, shape: Pair, rare: float) -> np.ndarray:
    """A mask of any type that is allowed: single invalid samples, and at times a whole corner."""
    mask = rng.random(shape) >= 2 * rare
    if rng.random() < 0.4:
        mask[: int(rng.integers(shape[0] + 1)), : int(rng.integers(shape[1] + 1))] = False
    return mask.astype(rng.choice(["?", "u1", "i4", "f4"]))


def inner(rng: np.random.Generator, shape: Pair) -> Window:
    """Some window of an image."""
    spans = [np.sort(rng.choice(n + 1, 2, replace=False)).tolist() for n in shape]
    return Window(tuple(spans[0]), tuple(spans[1]))


def some_sample(rng: np.random.Generator, source: np.ndarray) -> np.generic:
    """A sample of the source, in native byte order."""
    sample = rng.choice(source.ravel(), 1) if source.size else np.zeros(1, source.dtype)
    return sample.astype(source.dtype.newbyteorder("="))[0]


def image(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype, rare: float = 0.03) -> np.ndarray:
    """Samples of any type: noise, with some extremes, NaN and infinities where the type has them."""
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind not in "fc" or dtype.itemsize == 2 or dtype.char in "gG":
        size = int(np.prod(shape)) * dtype.itemsize
        return np.frombuffer(rng.bytes(size), dtype).reshape(shape)
    values = rng.normal(size=shape).astype(dtype)
    if dtype.kind == "c":
        values = values + 1j * rng.normal(size=shape).astype(values.real.dtype)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).max, np.finfo(dtype).tiny])
    odd = rng.random(shape) < rare
    values[odd] = rng.choice(special, odd.sum()).astype(dtype)
    return values


def arranged(array: np.ndarray, layout: str) -> np.ndarray:
    """The same samples with other strides, or not to be written."""
    if layout == "transposed":
        return np.ascontiguousarray(np.swapaxes(array, -1, -2)).swapaxes(-1, -2)
    if layout == "reversed":
        return np.ascontiguousarray(array[..., ::-1, ::-1])[..., ::-1, ::-1]
    if layout == "stepped":
        room = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        room[..., ::2] = array
        return room[..., ::2]
    if layout == "swapped":
        return array.astype(array.dtype.newbyteorder(">"))
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


def nodes(rng: np.random.Generator, shape: Pair, source: Pair, style: str) -> Result:
    """Node coordinates that reach over the edges of a source."""
    down, right = np.meshgrid(*(np.linspace(-0.5, 0.5, n) for n in shape), indexing="ij")
    if style == "scattered":
        down, right = rng.uniform(-0.6, 0.6, (2, *shape))
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.2)
    rows = (np.cos(angle) * down - np.sin(angle) * right) * scale * source[0] + source[0] / 2
    cols = (np.sin(angle) * down + np.cos(angle) * right) * scale * source[1] + source[1] / 2
    if style == "lattice":
        rows = np.round(2 * rows) / 2 + rng.choice(NOISE, shape)
        cols = np.round(2 * cols) / 2 + rng.choice(NOISE, shape)
    if style == "far":
        far = rng.random(shape) < 0.1
        rows = np.where(far, rng.choice([1e300, -1e300, 1e9, -1e9, 2.0**31], shape), rows)
    return rows, cols


def cuts(rng: np.random.Generator, size: int) -> tuple[int, ...]:
    """Random chunks of an axis, from one to single pixels."""
    count = int(rng.choice([0, 1, 2, 4, size - 1]))
    edges = np.sort(rng.choice(np.arange(1, size), min(count, size - 1), replace=False))
    return tuple(np.diff([0, *edges, size]).tolist())


def chunkings(rng: np.random.Generator, shape: Pair, count: int, most: int = 300) -> list[Cuts]:
    """Several random chunkings of two axes, of up to `most` chunks."""
    found: list[Cuts] = []
    while len(found) < count:
        rows, cols = cuts(rng, shape[0]), cuts(rng, shape[1])
        if len(rows) * len(cols) <= most:
            found.append((rows, cols))
    return found


def single_pixels(shape: Pair) -> Cuts:
    """The finest chunking."""
    return (1,) * shape[0], (1,) * shape[1]


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
