"""A grid between two georeferenced rasters: each target pixel is transformed to the CRS of the source."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.compute import Nodes
from gridr_dask.errors import InvalidInputError, MissingDependencyError
from gridr_dask.geometry import Window
from gridr_dask.geometry.window import Span
from gridr_dask.plan import Chunking
from gridr_dask.positions.cells import Exact, cell_nodes, cells_at, cells_of, probe, refined
from gridr_dask.positions.globe import Globe, globe_of

__all__ = ["CrsGrid"]

_Floats = npt.NDArray[np.float64]
_Numbers = tuple[float, float, float, float, float, float]

_CELL = 128
_SMALLEST_CELL = 8
"""Largest cell, in target pixels, and the smallest one that takes less time than its pixels one by one."""

_PLANNED_CELL = 256
_PLANNED_TOLERANCE = 0.25
_PLANNED_SLACK = 1.0
"""A plan asks for less precision, and adds source pixels in return."""

_SAMPLED = 12
"""Cells along an axis that are looked at to choose the size of cells."""

_local = threading.local()


@dataclass(frozen=True, slots=True)
class CrsGrid:
    """Positions of the pixels of one georeferenced raster in another.

    Exact to `tolerance` source pixels: target cells whose corners and probes show a bilinear interpolation
    to be exact enough are interpolated, others divided, down to single pixels.

    Attributes
    ----------
    source_crs, target_crs : str
        In any form that `pyproj.CRS` takes.
    source_transform, target_transform : tuple of 6 numbers
        From (column, row), counted from the corner of the first pixel, to (x, y), as ``affine.Affine``.
    source_shape, shape : (int, int)
        Rows and columns of the source and of the target.
    tolerance : float
        In source pixels; 0 transforms every pixel.
    period : float, optional
        Distance in x of the source's CRS after which the world repeats, such as 360 degrees.
    cell : int
        Size of the largest cells, a power of two.
    """

    source_crs: str
    source_transform: _Numbers
    source_shape: tuple[int, int]
    target_crs: str
    target_transform: _Numbers
    shape: tuple[int, int]
    tolerance: float = 0.01
    period: float | None = None
    cell: int = _CELL

    @classmethod
    def between(cls, source: Any, target: Any, tolerance: float = 0.01) -> CrsGrid:
        """Return the grid from a target `GeoBox` of odc-geo to a source `GeoBox`.

        Raises
        ------
        InvalidInputError
            If one of them has no CRS, or the tolerance is negative.
        MissingDependencyError
            If pyproj is not installed.
        """
        if not tolerance >= 0:
            raise InvalidInputError(
                f"tolerance={tolerance!r} must be a number of source pixels, 0 or more", "tolerance"
            )
        for name, box in (("source", source), ("target", target)):
            if box.crs is None:
                raise InvalidInputError(f"the {name} has no CRS; assign one first", "crs")
        grid = cls(
            str(source.crs),
            _numbers(source.transform),
            (source.shape[0], source.shape[1]),
            str(source.crs if source.crs == target.crs else target.crs),
            _numbers(target.transform),
            (target.shape[0], target.shape[1]),
            float(tolerance),
            world_period(str(source.crs)),
        )
        return replace(grid, cell=grid._best_cell() if tolerance else 1)

    def nodes(self, target: Window) -> Nodes:
        """Return nodes for a window of the target."""
        return cell_nodes(self._exact(self.cell, self.tolerance), target)

    def _exact(self, cell: int, tolerance: float) -> Exact:
        return Exact(self.positions, tolerance, self.source_shape, cell)

    def positions(self, rows: _Floats, cols: _Floats) -> tuple[_Floats, _Floats]:
        """Return the exact source positions of target positions; NaN where there are none."""
        a, b, c, d, e, f = self.target_transform
        rows, cols = rows + 0.5, cols + 0.5
        x, y = a * cols + b * rows + c, d * cols + e * rows + f
        if self.source_crs != self.target_crs:
            x, y = _transformer(self.target_crs, self.source_crs).transform(x, y, errcheck=False)
        with np.errstate(invalid="ignore", over="ignore"):
            if self.period is not None:
                x = x - self.period * np.floor((x - self._west) / self.period)
            a, b, c, d, e, f = self.source_transform
            size = a * e - b * d
            x, y = x - c, y - f
            cols, rows = (e * x - b * y) / size - 0.5, (a * y - d * x) / size - 0.5
        known = np.isfinite(rows) & np.isfinite(cols)
        if not known.all():
            rows[~known] = cols[~known] = np.nan
        return rows, cols

    @property
    def _west(self) -> float:
        """Where the period begins that has the source in its middle."""
        a, b, c, *_ = self.source_transform
        height, width = self.source_shape
        assert self.period is not None
        return c + a * width / 2 + b * height / 2 - self.period / 2

    @property
    def globe(self) -> Globe | None:
        """How the source goes on past its edges, if it goes around the world."""
        pole = self.period / 4 if self.period and _pyproj().CRS(self.source_crs).is_geographic else None
        return globe_of(self.source_transform, self.source_shape, self.period, pole)

    def bounds(self, target: Chunking) -> _Floats:
        """Return what holds the nodes of each chunk, with a margin for what is not looked at."""
        bounds = np.empty((len(target.rows), len(target.cols), 4))
        bounds[..., 0::2], bounds[..., 1::2] = np.inf, -np.inf
        # A spline is filtered as far as the nodes reach: a chunk is as large as the cells that it meets.
        row_spans, col_spans = (_grown(spans, self.cell) for spans in (target.rows, target.cols))
        starts, stops = np.array(col_spans).T
        size = _PLANNED_CELL
        shortest = min(stop - start for spans in (target.rows, target.cols) for start, stop in spans)
        while size > max(shortest, 1):
            size //= 2
        tolerance = max(_PLANNED_TOLERANCE, self.tolerance)
        exact = self._exact(self.cell, tolerance)
        for i, rows in enumerate(row_spans):
            strip = Window(rows, (col_spans[0][0], col_spans[-1][1]))
            cells, _, _ = cells_of(exact, strip, size)
            for part in refined(cells, exact, strip):
                corners = part.corners[..., :1] if part.size == 1 else part.corners
                extent = np.stack([corners.min(axis=-1), corners.max(axis=-1)], axis=1).reshape(4, -1)
                known = np.isfinite(extent).all(axis=0)
                extent, cols = extent[:, known], part.cols[known]
                low = np.searchsorted(stops, cols, side="right")
                high = np.searchsorted(starts, cols + part.size, side="left")
                for step in range(int((high - low).max(initial=0))):
                    met = low + step < high
                    chunk = (low + step)[met]
                    for k, extreme in enumerate((np.minimum, np.maximum, np.minimum, np.maximum)):
                        extreme.at(bounds[i, :, k], chunk, extent[k, met])
        slack = _PLANNED_SLACK + tolerance
        return bounds + slack * np.array([-1, 1, -1, 1])

    def pixels_per_pixel(self) -> float:
        """Return how many source pixels a target pixel spans, the median over the target; or 0."""
        rows, cols = self._sampled(1)
        exact = self._exact(1, self.tolerance)
        at = [exact.at(rows + down, cols + right) for down, right in ((0, 0), (1, 0), (0, 1))]
        with np.errstate(invalid="ignore"):
            steps = np.maximum(np.hypot(*(at[1] - at[0])), np.hypot(*(at[2] - at[0])))
        steps = steps[np.isfinite(steps) & self._near(at[0])]
        return float(np.median(steps)) if len(steps) else 0.0

    def _sampled(self, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the first pixels of some cells all over the target."""
        rows, cols = (
            np.unique(np.linspace(0, length - 1, _SAMPLED).astype(np.int64) // size * size)
            for length in self.shape
        )
        return np.repeat(rows, len(cols)), np.tile(cols, len(rows))

    def _near(self, positions: _Floats) -> Any:
        """Return which positions lie within the source."""
        with np.errstate(invalid="ignore"):
            inside = [
                (part >= -1) & (part <= n) for part, n in zip(positions, self.source_shape, strict=True)
            ]
        return inside[0] & inside[1]

    def _best_cell(self) -> int:
        """Return the largest size of cells most of which need not be divided."""
        size = _CELL
        while size >= _SMALLEST_CELL:
            rows, cols = self._sampled(size)
            exact = self._exact(size, self.tolerance)
            cells = cells_at(exact, rows, cols, size)
            near = self._near(cells.corners).any(axis=1)
            if not near.any():
                return _CELL
            passes, _, _ = probe(cells.take(near), exact)
            if passes.mean() >= 0.8:
                return size
            size //= 2
        return 1


def _grown(spans: Sequence[Span], cell: int) -> list[Span]:
    """Return spans of pixels that go from the first corner of a cell to the last one."""
    if cell == 1:
        return list(spans)
    return [(start // cell * cell, ((stop - 1) // cell + 1) * cell + 1) for start, stop in spans]


def _numbers(transform: Any) -> _Numbers:
    return tuple(float(getattr(transform, name)) for name in "abcdef")  # type: ignore[return-value]


def _pyproj() -> Any:
    try:
        import pyproj
    except ImportError as error:
        raise MissingDependencyError(
            "transforming between CRS needs pyproj: pip install 'gridr_dask[geo]'", "geo"
        ) from error
    return pyproj


def _transformer(source: str, target: str) -> Any:
    """Return the transformer of this thread: making one takes long, and threads must not share it."""
    known: dict[tuple[str, str], Any] = _local.__dict__.setdefault("transformers", {})
    if (source, target) not in known:
        known[source, target] = _pyproj().Transformer.from_crs(source, target, always_xy=True)
    return known[source, target]


_CYLINDRICAL = {"merc", "webmerc", "eqc", "cea", "mill", "gall"}


def world_period(crs: str) -> float | None:
    """Return the distance in x after which the world repeats, or None if it doesn't.

    >>> world_period("EPSG:4326")
    360.0
    """
    pyproj = _pyproj()
    known = pyproj.CRS.from_user_input(crs)
    if known.is_geographic:
        return round(float(2 * np.pi / known.axis_info[0].unit_conversion_factor), 9)
    if not known.is_projected:
        return None
    with warnings.catch_warnings():
        # It warns that such a description loses details.
        warnings.simplefilter("ignore")
        name = known.to_dict().get("proj")
    if name not in _CYLINDRICAL:
        return None
    forward = pyproj.Proj(known)
    middle = forward(0.0, 0.0, inverse=True)[0]
    return 4 * float(forward(middle + 90.0, 0.0)[0] - forward(middle, 0.0)[0])
