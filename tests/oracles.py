"""Slow and plain versions of what the package does, written from its rules and not from its code.

Pixel centres stand at integers. A position is snapped, cut into its centre and a rest, and needs the
taps that the rest says; it is valid when all of them lie in the image. Everything is float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import solve_banded
from scipy.ndimage import binary_dilation

Pair = tuple[int, int]


def snap(x: float) -> float:
    """Half-integers attract what is as near as noise."""
    half = round(2 * x) / 2
    near = max(5e-13, 4.5e-16 * abs(x))
    return half if -near <= x - half < near else x


def keys(s: float) -> float:
    """Cubic convolution with a = -1/2."""
    s = abs(s)
    if s <= 1:
        return 1.5 * s**3 - 2.5 * s**2 + 1
    return -0.5 * s**3 + 2.5 * s**2 - 4 * s + 2


REACH = {"linear": 1, "cubic": 2}
PHI = {"linear": lambda s: 1 - abs(s), "cubic": keys}


def taps(x: float, kernel: str) -> dict[int, float]:
    """Sample indices that a position needs along one axis, and what each weighs."""
    x = snap(x)
    centre = math.floor(x + 0.5)
    rest = x - centre
    if kernel == "nearest" or rest == 0:
        return {centre: 1.0}
    reach = REACH[kernel]
    first, last = (1 - reach, reach) if rest > 0 else (-reach, reach - 1)
    return {centre + d: PHI[kernel](d - rest) for d in range(first, last + 1)}


def position(nodes: np.ndarray, resolution: Pair, r: int, c: int) -> float:
    """Coordinate of target pixel (r, c): bilinear between nodes, those of weight 0 left out."""
    (i, a), (j, b) = divmod(r, resolution[0]), divmod(c, resolution[1])
    up, left = resolution[0] - a, resolution[1] - b
    corners = [(i, j, left * up), (i, j + 1, b * up), (i + 1, j + 1, b * a), (i + 1, j, left * a)]
    total = 0.0
    for row, col, weight in corners:
        if weight:
            total += float(nodes[row, col]) * weight
    return total / (resolution[0] * resolution[1])


def positions(
    rows: np.ndarray, cols: np.ndarray, resolution: Pair, window: Any
) -> Iterator[tuple[int, int, float, float]]:
    """Every pixel of a target window, counted from its first one, and its position."""
    with np.errstate(all="ignore"):
        for r in range(*window.rows):
            for c in range(*window.cols):
                x = position(rows, resolution, r, c), position(cols, resolution, r, c)
                yield (r - window.rows[0], c - window.cols[0], *x)


def support(y: float, x: float, kernel: str, shape: Pair, origin: Pair = (0, 0)) -> dict[Pair, float]:
    """Samples that a position needs, and what each weighs; nothing where it is not valid."""
    if not (math.isfinite(y) and math.isfinite(x)) or max(abs(y), abs(x)) > 2**30:
        return {}
    rows = {k - origin[0]: w for k, w in taps(y, kernel).items()}
    cols = {k - origin[1]: w for k, w in taps(x, kernel).items()}
    inside = all(0 <= k < shape[0] for k in rows) and all(0 <= k < shape[1] for k in cols)
    return {(i, j): v * w for i, v in rows.items() for j, w in cols.items()} if inside else {}


def resample(
    image: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    kernel: str,
    *,
    resolution: Pair = (1, 1),
    window: Any,
    origin: Pair = (0, 0),
) -> tuple[np.ndarray, np.ndarray]:
    """One plane of float64 values, NaN where not valid, and validity."""
    values = np.full(window.shape, np.nan)
    valid = np.zeros(window.shape, bool)
    for r, c, y, x in positions(rows, cols, resolution, window):
        needed = support(y, x, kernel, image.shape, origin)
        if needed:
            valid[r, c] = True
            values[r, c] = sum(w * float(image[at]) for at, w in needed.items())
    return values, valid


def stored(value: float, dtype: np.dtype, fill: Any) -> Any:
    """The sample that holds a value: integers round half to even and saturate, NaN has no place."""
    if dtype.kind == "b":
        return fill if math.isnan(value) else value > 0.5
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return fill if math.isnan(value) else min(max(round(value), limits.min), limits.max)
    return value


MARGIN = {"nearest": 1, "linear": 1, "cubic": 2} | {f"bspline{n}": n // 2 for n in (3, 5, 7, 9, 11)}
"""Samples past each edge that a trusted boundary adds to the valid ones."""

LONG = 180
"""Samples after which no pole of a B-spline matters in float64: 0.6613**180 < 1e-32."""


def is_spline(kernel: str) -> bool:
    return kernel.startswith("bspline")


def cardinal(order: int, s: Any) -> np.ndarray:
    """The B-spline of odd degree at `s`: the box, convolved with itself `order` times (de Boor)."""
    knots = np.arange(order + 2) - (order + 1) / 2
    return np.nan_to_num(BSpline.basis_element(knots, extrapolate=False)(np.asarray(s, float)))


def pad(samples: np.ndarray, width: int, mode: str | None, zero: Any = 0) -> np.ndarray:
    """A plane that goes on past its edge; `zero` stands there without a mode, or under "constant"."""
    if mode in (None, "constant"):
        return np.pad(samples, width, constant_values=zero)
    return np.pad(samples, width, mode=mode)


def coefficients(image: np.ndarray, order: int, mode: str | None) -> np.ndarray:
    """Spline coefficients of the long extension of a plane, whose system is solved, not filtered.

    Past the long extension the coefficients are 0, which nothing in sight of the image feels.
    """
    half = order // 2
    band = cardinal(order, np.arange(-half, half + 1))
    found = pad(np.asarray(image, float), LONG, mode)
    for _ in range(2):
        system = np.repeat(band[:, np.newaxis], len(found), axis=1)
        found = solve_banded((half, half), system, found).T
    return found


def spline_values(image: np.ndarray, order: int, mode: str | None, y: Any, x: Any) -> np.ndarray:
    """The exact spline through the samples of an extended plane, at positions of one shape."""
    known = coefficients(image, order, mode)
    y, x = np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float))
    first = [np.floor(axis).astype(int) - order // 2 for axis in (y, x)]
    result = np.zeros(y.shape)
    for i in range(order + 1):
        for j in range(order + 1):
            row, col = first[0] + i, first[1] + j
            weight = cardinal(order, y - row) * cardinal(order, x - col)
            result += weight * known[row + LONG, col + LONG]
    return result


def needed(x: float, kernel: str) -> range:
    """Taps that a position needs along one axis: `taps`, and those of splines."""
    if is_spline(kernel):
        x, half = snap(x), MARGIN[kernel]
        return range(math.floor(x) - half, math.ceil(x) + half + 1)
    found = taps(x, kernel)
    return range(min(found), max(found) + 1)


def valid_taps(
    mask: np.ndarray, kernel: str, mode: str | None = None, trusted: bool = False, radius: int = 0
) -> np.ndarray:
    """Which taps are valid, from `MARGIN[kernel]` before the image to as many after it.

    The mask goes on as the image does where that is trusted, zeros being valid; else what stands past the
    edge is invalid. Every tap within Manhattan distance `radius` of an invalid sample is invalid.
    """
    margin = MARGIN[kernel]
    trusted = trusted and mode is not None
    samples = pad(np.asarray(mask) != 0, margin + radius, mode if trusted else None, trusted)
    # A cross, grown step by step, is the diamond.
    valid = ~binary_dilation(~samples, iterations=radius) if radius else samples
    return valid[radius : -radius or None, radius : -radius or None]


def validity(rows: np.ndarray, cols: np.ndarray, kernel: str, valid: np.ndarray) -> np.ndarray:
    """Which positions are valid: those all of whose taps are, by `valid_taps`."""
    margin = MARGIN[kernel]

    def one(y: float, x: float) -> bool:
        if not (math.isfinite(y) and math.isfinite(x)):
            return False
        i, j = ([tap + margin for tap in needed(at, kernel)] for at in (y, x))
        inside = min(i[0], j[0]) >= 0 and i[-1] < valid.shape[0] and j[-1] < valid.shape[1]
        return inside and bool(valid[i[0] : i[-1] + 1, j[0] : j[-1] + 1].all())

    return np.array([one(y, x) for y, x in zip(rows.flat, cols.flat, strict=True)]).reshape(rows.shape)


def local_values(
    image: np.ndarray, rows: np.ndarray, cols: np.ndarray, kernel: str, mode: str | None = None
) -> np.ndarray:
    """Values of a kernel without a filter on the extended plane; NaN where taps lie past its margin."""
    margin = MARGIN[kernel]
    known = pad(np.asarray(image, float), margin, mode)

    def one(y: float, x: float) -> float:
        i, j = ({tap + margin: weight for tap, weight in taps(at, kernel).items()} for at in (y, x))
        if min(*i, *j) < 0 or max(i) >= known.shape[0] or max(j) >= known.shape[1]:
            return math.nan
        return sum(v * w * float(known[r, c]) for r, v in i.items() for c, w in j.items())

    return np.array([one(y, x) for y, x in zip(rows.flat, cols.flat, strict=True)]).reshape(rows.shape)
