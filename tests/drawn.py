"""What a seed makes: whole scenes, their images, masks and nodes, and chunkings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridr_dask.compute import SampleRule, get_interpolator
from gridr_dask.compute.dtypes import default_fill
from gridr_dask.geometry import Boundary, Grid, Window
from tests.scenes import SPLINES, Cuts, Pair, Scene, enough

VALIDITIES = ("all", "mask", "safe", "nodata", "nan", "mask and nan")
"""What says which samples of the source are valid; see `make_scene`."""

STYLES = ("rotated", "scattered", "lattice", "far")
NOISE = (0.0, 1e-13, -4.9e-13, -5.1e-13, 1e-12, -1e-12)


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


def some_sample(rng: np.random.Generator, source: np.ndarray) -> np.generic:
    """A sample of the source, in native byte order."""
    sample = rng.choice(source.ravel(), 1) if source.size else np.zeros(1, source.dtype)
    return sample.astype(source.dtype.newbyteorder("="))[0]


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


def nodes(rng: np.random.Generator, shape: Pair, source: Pair, style: str) -> tuple[np.ndarray, np.ndarray]:
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
