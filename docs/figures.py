"""Draw the figures of the documentation: ``python docs/figures.py [folder]``, default ``docs/images``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from PIL import Image

import gridr_dask
from gridr_dask.compat import source_extent_pad
from gridr_dask.compute.splines import spline_kernel

INK, BLUE, ORANGE, GREEN = "#1f2933", "#2563eb", "#e8590c", "#0f766e"
PALE, GREY = "#dbeafe", "#9aa5b1"
INVALID = "#c3cad2"


def panels(rows: int, cols: int, size: tuple[float, float], **how: Any) -> tuple[Figure, Any]:
    """Return a figure and an array of its axes."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, cols, squeeze=False, **how)


def bare(axes: Axes, title: str) -> None:
    """Give axes a title and nothing else."""
    axes.set_title(title, fontsize=10, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def pixels(axes: Axes, rows: int, cols: int, color: str = GREY) -> None:
    """Draw the borders of pixels whose centres stand at integers."""
    for row in range(rows + 1):
        axes.plot([-0.5, cols - 0.5], [row - 0.5] * 2, color=color, linewidth=0.6, zorder=1)
    for col in range(cols + 1):
        axes.plot([col - 0.5] * 2, [-0.5, rows - 0.5], color=color, linewidth=0.6, zorder=1)


def box(axes: Axes, rows: tuple[float, float], cols: tuple[float, float], color: str, **how: Any) -> None:
    """Draw the border of the pixels from the first to the last row and column, both included."""
    corner, size = (cols[0] - 0.5, rows[0] - 0.5), (cols[1] - cols[0] + 1, rows[1] - rows[0] + 1)
    style = {"fill": False, "edgecolor": color, "linewidth": 2.0, "zorder": 4} | how
    axes.add_patch(Rectangle(corner, *size, **style))


def grids() -> Figure:
    """Draw nodes on the target and where they stand in the source."""
    figure, ((source, target),) = panels(1, 2, (8.6, 3.5))
    step, nodes = 4, (3, 4)
    i, j = np.mgrid[: nodes[0], : nodes[1]].astype(float)
    rows, cols = 1.2 + 2.3 * i + 0.5 * j - 0.12 * j**2, 0.9 + 2.6 * j - 0.7 * i + 0.25 * i * j
    shape = (nodes[0] - 1) * step + 1, (nodes[1] - 1) * step + 1
    at = (6, 9)
    weights = np.array([2, 2]) / 4, np.array([3, 1]) / 4
    pixels(source, 9, 11)
    source.plot(*np.mgrid[:11, :9].reshape(2, -1), ".", color=GREY, markersize=3)
    bare(source, "source: where the nodes point to")
    pixels(target, *shape)
    bare(target, "target: a node for every 4th pixel")
    for axes, y, x in ((source, rows, cols), (target, i * step, j * step)):
        axes.plot(x, y, color=BLUE, linewidth=1.2)
        axes.plot(x.T, y.T, color=BLUE, linewidth=1.2)
        axes.plot(x, y, "o", color=BLUE, markersize=5)
        axes.set_aspect("equal")
        axes.invert_yaxis()
    cell = np.s_[1:3, 2:4]
    place = [float(weights[0] @ part[cell] @ weights[1]) for part in (rows, cols)]
    box(target, (at[0], at[0]), (at[1], at[1]), ORANGE)
    source.plot(place[1], place[0], "X", color=ORANGE, markersize=9, zorder=5)
    arrow = ConnectionPatch(
        (at[1], at[0]),
        (place[1], place[0]),
        "data",
        "data",
        axesA=target,
        axesB=source,
        arrowstyle="->",
        shrinkA=8,
        shrinkB=8,
    )
    arrow.set(color=ORANGE, linewidth=1.6, connectionstyle="arc3,rad=0.12", zorder=6)
    figure.add_artist(arrow)
    return figure


def kernels() -> Figure:
    """Draw the weight of a sample against its distance."""
    figure, ((left, right),) = panels(1, 2, (8.6, 3.4), sharey=True)
    s = np.linspace(-4, 4, 1601)
    d = abs(s)
    cubic = np.where(
        d <= 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0)
    )
    left.plot(s, d <= 0.5, color=GREY, label="nearest")
    left.plot(s, np.maximum(0, 1 - d), color=GREEN, label="linear")
    left.plot(s, cubic, color=BLUE, label="cubic")
    for order, color in ((3, BLUE), (11, ORANGE)):
        impulse = np.zeros((1, 41))
        impulse[0, 20] = 1
        image = xr.DataArray(impulse, dims=("y", "x"))
        line = image.gridr.resample(
            (np.zeros((1, s.size)), 20 + s[np.newaxis]),
            interp=gridr_dask.get_interpolator(f"bspline{order}", epsilon=1e-10),
            boundary_condition="edge",
            trust_padding=True,
        )
        right.plot(s, line.values[0], color=color, label=f"bspline{order}, after the prefilter")
        scale = float(sum(spline_kernel(order, np.arange(-6, 7))))
        basis = spline_kernel(order, s) / scale
        right.plot(s, basis, "--", color=color, linewidth=1.1, label=f"B-spline of degree {order} itself")
    for axes, title in ((left, "kernels on samples"), (right, "kernels on coefficients")):
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.set_title(title, fontsize=10, color=INK)
        axes.set_xlabel("distance in pixels", fontsize=9)
        axes.set_xlim(-4, 4)
        axes.tick_params(labelsize=8)
        axes.legend(fontsize=8, frameon=False, loc="upper left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_yticks(np.linspace(-0.2, 1, 7))
        axes.set_ylim(-0.26, 1.75)
    left.set_ylabel("weight", fontsize=9)
    return figure


def prefilter() -> Figure:
    """Draw samples, coefficients and spline; and the pieces that an axis is cut into."""
    figure, axes = panels(2, 1, (8.6, 5.0), height_ratios=(1.5, 1))
    upper, lower = axes[:, 0]
    samples = np.array([0, 0, 0, 1, 1, 1, 0.4, 0.8, 0, 0, 0, 0])
    image = xr.DataArray(samples[np.newaxis], dims=("y", "x"))
    x = np.linspace(0, 11, 1101)
    spline = gridr_dask.get_interpolator("bspline3", epsilon=1e-10)
    curve = image.gridr.resample(
        (np.zeros((1, x.size)), x[np.newaxis]),
        interp=spline,
        boundary_condition="edge",
        trust_padding=True,
    ).values[0]
    matrix = spline_kernel(3, np.subtract.outer(np.arange(12), np.arange(12))) / 6
    matrix[0, 0] += 1 / 6
    matrix[-1, -1] += 1 / 6
    coefficients = np.linalg.solve(matrix, samples)
    smoothed = sum(
        c * spline_kernel(3, x - k) / 6
        for k, c in enumerate(np.pad(samples, 2, mode="edge").tolist(), start=-2)
    )
    upper.plot(x, smoothed, color=GREY, linewidth=1.3, label="spline of the samples themselves: too smooth")
    upper.plot(x, curve, color=BLUE, linewidth=1.8, label="spline of the coefficients")
    upper.vlines(range(12), samples, coefficients, color=ORANGE, linewidth=0.9, linestyle=":")
    upper.plot(samples, "o", color=INK, markersize=6, label="samples")
    upper.plot(coefficients, "D", mfc="white", color=ORANGE, markersize=5.5, label="coefficients")
    upper.set_xticks(range(12))
    upper.set_xlabel("column", fontsize=9)
    upper.tick_params(labelsize=8)
    upper.set_title("the prefilter finds the coefficients whose spline meets the samples", fontsize=10)
    upper.legend(fontsize=8, frameon=False, ncols=2, loc="upper right")
    upper.set_ylim(-0.45, 2.15)
    upper.spines[["top", "right"]].set_visible(False)
    _pieces(lower)
    return figure


def _pieces(axes: Axes) -> None:
    length, size, warm_up, reach = 128, 460, 13, 1
    starts = [0, 128, 256, 384]
    for number, start in enumerate(starts):
        first = -reach if number == 0 else start
        stop = size + reach if number == len(starts) - 1 else start + length
        y = -number
        for a, b, color in (
            (first - warm_up, first, "#fdba74"),
            (first, stop, BLUE),
            (stop, stop + warm_up, "#fdba74"),
        ):
            axes.add_patch(Rectangle((a, y - 0.34), b - a, 0.68, color=color, linewidth=0))
        axes.text(
            (first + stop) / 2, y, f"piece {number}", color="white", ha="center", va="center", fontsize=8
        )
    for edge in (0, size):
        axes.axvline(edge, color=INK, linewidth=1.4)
    for edge in starts[1:]:
        axes.axvline(edge, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    axes.text(
        size + 22,
        0,
        "blue: coefficients that are kept\norange: 13 samples of warm-up, dropped",
        fontsize=8,
        va="center",
    )
    axes.text(size + 22, -2.6, "black: the edges of the image,\n460 rows high", fontsize=8, va="center")
    axes.set_xlim(-20, size + 210)
    axes.set_ylim(-3.6, 0.6)
    axes.set_yticks([])
    axes.set_xticks([*starts, size])
    axes.tick_params(labelsize=8)
    axes.set_xlabel("row", fontsize=9)
    axes.set_title(
        "each piece is filtered on its own, and counted from the first row of the image", fontsize=10
    )
    axes.spines[["top", "right", "left"]].set_visible(False)


def masks() -> Figure:
    """Draw which positions are valid around invalid samples."""
    size, fine = 18, 8
    valid = np.ones((size, size), np.uint8)
    valid[4, 12] = 0
    valid[11:13, 4:6] = 0
    image = xr.DataArray(np.zeros((size, size)), dims=("y", "x"))
    steps = np.arange(-4, (size - 1) * fine + 5) / fine
    grid = np.broadcast_arrays(steps[:, np.newaxis], steps[np.newaxis])
    spline = gridr_dask.get_interpolator("bspline3", mask_influence_threshold=0.05)
    shown = {
        "nearest": {"interp": "nearest"},
        "linear": {"interp": "linear"},
        "cubic": {"interp": "cubic"},
        "bspline3, threshold 0.05": {
            "interp": spline,
            "boundary_condition": "reflect",
            "trust_padding": True,
        },
    }
    figure, axes = panels(1, 4, (10.6, 3.0))
    for ax, (title, how) in zip(axes[0], shown.items(), strict=True):
        seen = image.gridr.resample(tuple(grid), mask=valid, return_mask=True, **how)[1]
        extent = (
            steps[0] - 0.5 / fine,
            steps[-1] + 0.5 / fine,
            steps[-1] + 0.5 / fine,
            steps[0] - 0.5 / fine,
        )
        ax.imshow(
            seen, cmap=ListedColormap([INVALID, PALE]), extent=extent, interpolation="nearest", vmin=0, vmax=1
        )
        rows, cols = np.nonzero(valid)
        ax.plot(cols, rows, ".", color=BLUE, markersize=2.6)
        rows, cols = np.nonzero(valid == 0)
        ax.plot(cols, rows, "X", color=ORANGE, markersize=6, markeredgecolor="white", markeredgewidth=0.5)
        bare(ax, title)
    return figure


def boundary() -> Figure:
    """Draw an image and what each mode puts past its edge."""
    image = np.zeros((9, 12))
    image[:] = np.linspace(0.25, 0.75, 12)
    for rows, cols in ((slice(1, 8), 2), (1, slice(2, 8)), (4, slice(2, 6))):
        image[rows, cols] = 1
    image[7, 9:11] = 0.05
    figure, axes = panels(2, 3, (9.0, 5.6))
    pad = (6, 6), (7, 7)
    for ax, mode in zip(axes.flat, (None, "constant", "edge", "reflect", "symmetric", "wrap"), strict=True):
        padded = source_extent_pad(image, pad, mode, fill=np.nan)
        drawn = ax.imshow(
            padded, cmap="viridis", vmin=0, vmax=1, interpolation="nearest", extent=(-7.5, 18.5, 14.5, -6.5)
        )
        drawn.cmap.set_bad("white")
        if mode is None:
            ax.add_patch(
                Rectangle((-7.5, -6.5), 26, 21, hatch="////", fill=False, edgecolor=INVALID, linewidth=0)
            )
        ax.imshow(image, cmap="viridis", vmin=0, vmax=1, interpolation="nearest", zorder=2)
        ax.set(xlim=(-7.5, 18.5), ylim=(14.5, -6.5))
        box(ax, (0, 8), (0, 11), ORANGE)
        bare(ax, "no mode: the image ends" if mode is None else mode)
    return figure


def windows() -> Figure:
    """Draw a window of the target, the nodes that it needs, and where its block goes."""
    figure, ((target, buffer),) = panels(1, 2, (8.6, 3.5), width_ratios=(17, 14))
    pixels(target, 13, 17)
    rows, cols = np.mgrid[0:13:4, 0:17:4]
    needed = (rows >= 4) & (cols >= 4) & (rows <= 12) & (cols <= 12)
    target.plot(cols[~needed], rows[~needed], "o", color=GREY, markersize=5, zorder=5)
    target.plot(cols[needed], rows[needed], "o", color=BLUE, markersize=6, zorder=5)
    box(target, (5, 9), (6, 11), ORANGE, fill=True, facecolor="#ffedd5", zorder=0)
    box(target, (5, 9), (6, 11), ORANGE)
    bare(target, "target, nodes every 4th pixel\nwin = [[5, 9], [6, 11]]")
    pixels(buffer, 10, 14)
    box(buffer, (3, 7), (1, 6), ORANGE, fill=True, facecolor="#ffedd5", zorder=0)
    box(buffer, (3, 7), (1, 6), ORANGE)
    bare(buffer, "array_out\narray_out_win = [[3, 7], [1, 6]]")
    for axes in (target, buffer):
        axes.set_aspect("equal")
        axes.invert_yaxis()
    arrow = ConnectionPatch((11.6, 7), (0.4, 5), "data", "data", axesA=target, axesB=buffer, arrowstyle="->")
    arrow.set(color=ORANGE, linewidth=1.6, zorder=6)
    figure.add_artist(arrow)
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    function.__name__: function for function in (grids, kernels, prefilter, masks, boundary, windows)
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of few colours, the same bytes each time."""
    drawn = BytesIO()
    figure.savefig(drawn, dpi=110, format="png")
    colours = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    colours.save(path, optimize=True)


def main(folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        save(draw(), folder / f"{name}.png")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
