"""Pictures of the demo, drawn without a display."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

__all__ = ["draw_grid", "frame", "panels", "save", "scale", "show"]

INK = "#ffd60a"
"""Colour of lines upon an image."""

OUTLINE = "#e8590c"
"""Colour of lines that may leave the image."""

_Array = npt.NDArray[Any]


def panels(rows: int, cols: int, size: tuple[float, float]) -> tuple[Figure, _Array]:
    """Return a figure and its axes, in an array of shape (rows, cols)."""
    engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=size, layout=engine)
    return figure, figure.subplots(rows, cols, squeeze=False)


def show(axes: Axes, image: _Array, title: str, **how: Any) -> Any:
    """Draw an image whose pixel centres stand at integers, as in the grids."""
    drawn = axes.imshow(image, **{"interpolation": "nearest", **how})
    drawn.cmap.set_bad("0.75")
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return drawn


def scale(figure: Figure, drawn: Any, axes: Any, label: str) -> None:
    """Draw the scale of colours of an image below its axes."""
    figure.colorbar(drawn, ax=axes, location="bottom", shrink=0.5, aspect=30, label=label)


def draw_grid(axes: Axes, rows: _Array, cols: _Array, every: int) -> None:
    """Draw a grid upon the image that it refers to: lines, outline and a dot at node (0, 0)."""
    for lines in ((cols[::every].T, rows[::every].T), (cols[:, ::every], rows[:, ::every])):
        axes.plot(*lines, color=INK, linewidth=0.7, alpha=0.75)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        axes.plot(cols[edge], rows[edge], color=OUTLINE, linewidth=1.8, clip_on=False)
    axes.plot(cols[0, 0], rows[0, 0], "o", color=OUTLINE, markersize=7, clip_on=False)


def frame(axes: Axes, row: float, col: float, size: float) -> None:
    """Draw a square upon an image."""
    axes.add_patch(Rectangle((col, row), size, size, fill=False, edgecolor=OUTLINE, linewidth=2.0))


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path, dpi=110)
