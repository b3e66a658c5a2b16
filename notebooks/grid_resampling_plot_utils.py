"""Pictures of images, masks, windows and grids that fit themselves to the data.

Pixel centres stand at integers, as in the grids. An image that was padded is drawn at its `origin`, the
position of its first sample, so that a pixel keeps its place from one picture to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

__all__ = ["draw_positions", "draw_window", "figure_size", "panels", "robust_range", "show", "show_mask"]

Shape = tuple[int, int]

WIDTH = 12.0
"""Width of a figure in inches that is not exceeded."""

PANEL = 6.0
"""Width of a panel in inches that is not exceeded."""

TALLEST = 9.0
"""Height of a figure in inches that is not exceeded."""

TITLE = 0.45
"""Height of a panel's title in inches."""

_GROUND = {"facecolor": "0.87", "edgecolor": "0.6", "hatch": "////", "linewidth": 0.0}


def robust_range(*images: npt.ArrayLike, clip: float = 1.0) -> tuple[float, float]:
    """Return the range of values of some images, without outliers.

    Parameters
    ----------
    *images : array
        NaN and infinities don't count.
    clip : float
        Percentage of samples that may lie outside, at either end.
    """
    values = np.concatenate([np.ravel(image) for image in images]).astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, [clip, 100 - clip])
    if low == high:
        low, high = values.min(), values.max()
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(high) + 0.5)


def figure_size(shape: Shape, rows: int, cols: int) -> tuple[float, float]:
    """Return width and height of a figure whose panels show images of `shape` without blank margins."""
    panel = min(PANEL, WIDTH / cols, (TALLEST / rows - TITLE) * shape[1] / shape[0])
    return cols * panel, rows * (panel * shape[0] / shape[1] + TITLE)


def panels(shape: Shape, count: int, cols: int | None = None) -> tuple[Figure, list[Axes]]:
    """Return a figure and `count` axes for images of `shape`, up to `cols` side by side."""
    cols = min(count, cols or count)
    rows = -(-count // cols)
    figure, axes = plt.subplots(
        rows, cols, figsize=figure_size(shape, rows, cols), layout="constrained", squeeze=False
    )
    for spare in axes.flat[count:]:
        spare.set_visible(False)
    return figure, list(axes.flat[:count])


def show(
    axes: Axes,
    image: npt.NDArray[Any],
    title: str,
    *,
    valid: npt.ArrayLike | None = None,
    limits: tuple[float, float] | None = None,
    origin: Shape = (0, 0),
    cmap: str = "viridis",
) -> None:
    """Draw an image; what is invalid or not finite shows the hatched ground.

    Parameters
    ----------
    axes : Axes
        Where.
    image : 2-D array
        What.
    title : str
        Above it.
    valid : 2-D array, optional
        0 or False where the image has no value.
    limits : (low, high), optional
        Range of the colours; default `robust_range` of the valid samples.
    origin : (row, col)
        Position of the first sample.
    cmap : str
        Name of the colours.
    """
    shown = np.ma.masked_invalid(np.asarray(image, np.float64))
    if valid is not None:
        shown = np.ma.masked_where(np.asarray(valid) == 0, shown)
    low, high = limits or robust_range(shown.compressed())
    extent = _extent(image.shape, origin)
    axes.add_patch(Rectangle((extent[0], extent[3]), image.shape[1], image.shape[0], **_GROUND))
    axes.imshow(shown, cmap=cmap, vmin=low, vmax=high, extent=extent, interpolation="nearest", zorder=1)
    _finish(axes, title, extent)


def show_mask(axes: Axes, mask: npt.ArrayLike, title: str, *, origin: Shape = (0, 0)) -> None:
    """Draw a mask: valid samples pale, invalid ones hatched."""
    mask = np.asarray(mask)
    extent = _extent(mask.shape, origin)
    axes.add_patch(Rectangle((extent[0], extent[3]), mask.shape[1], mask.shape[0], **_GROUND))
    shown = np.ma.masked_where(mask == 0, np.ones(mask.shape))
    axes.imshow(shown, cmap=ListedColormap(["#dbeafe"]), extent=extent, interpolation="nearest", zorder=1)
    _finish(axes, title, extent)


def _extent(shape: Sequence[int], origin: Shape) -> tuple[float, float, float, float]:
    top, left = origin[0] - 0.5, origin[1] - 0.5
    return left, left + shape[1], top + shape[0], top


def _finish(axes: Axes, title: str, extent: tuple[float, float, float, float]) -> None:
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=10)
    axes.tick_params(labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_window(
    axes: Axes, win: npt.ArrayLike, label: str | None = None, color: str = "#e8590c", **how: Any
) -> None:
    """Draw the border of a window ``[[row, row], [col, col]]``, both ends included."""
    (r0, r1), (c0, c1) = np.asarray(win).tolist()
    style = {"fill": False, "edgecolor": color, "linewidth": 1.8, "clip_on": False, "zorder": 3} | how
    axes.add_patch(Rectangle((c0 - 0.5, r0 - 0.5), c1 - c0 + 1, r1 - r0 + 1, label=label, **style))


def draw_positions(
    axes: Axes,
    rows: npt.NDArray[Any],
    cols: npt.NDArray[Any],
    label: str | None = None,
    color: str = "#ffd60a",
) -> None:
    """Draw a grid as a mesh upon the image that it refers to; a dot marks node (0, 0)."""
    for x, y in ((cols, rows), (cols.T, rows.T)):
        axes.plot(x, y, color=color, linewidth=0.8, zorder=2, clip_on=False)
    axes.plot(cols[0, 0], rows[0, 0], "o", color=color, markersize=6, zorder=3, label=label, clip_on=False)
