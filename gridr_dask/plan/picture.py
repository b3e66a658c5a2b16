"""A drawing of what a plan reads, as inline SVG."""

from __future__ import annotations

import colorsys

import numpy as np

from gridr_dask.plan.chunks import Chunking, ChunkPlan

__all__ = ["footprints"]

_SIDE = 300.0
"""Pixels of the longer side of the drawing."""

_MOST = 2000
"""Windows that are drawn at most: a picture of all of a large plan is a blot, and slow."""


def footprints(plan: ChunkPlan, blocks: Chunking) -> str:
    """Return a picture of the source, its blocks, and the window of taps of each target chunk.

    Windows are coloured by the row of their chunk, from blue to red, so that a turn or a fold shows.
    """
    height, width = plan.source_shape
    windows = plan.windows[plan.seen].astype(np.int64)
    chunk_rows = np.nonzero(plan.seen)[0]
    step = -(-len(windows) // _MOST) or 1
    scale = _SIDE / max(height, width, 1)
    shapes = [_rectangle(0, width, 0, height, scale, "fill='#f8fafc' stroke='#1f2933'")]
    for (starts, _), vertical in zip(blocks.edges, (False, True), strict=True):
        for at in starts[1:] if len(starts) <= _SIDE / 2 else []:
            ends = (at, at, 0, height) if vertical else (0, width, at, at)
            x0, x1, y0, y1 = (f"{end * scale:.1f}" for end in ends)
            shapes.append(f"<line x1='{x0}' x2='{x1}' y1='{y0}' y2='{y1}' stroke='#cbd5e1'/>")
    for (top, bottom, left, right), row in zip(
        windows[::step].tolist(), chunk_rows[::step].tolist(), strict=True
    ):
        colour = _colour(row / max(plan.target.shape[0] - 1, 1))
        style = f"fill='{colour}' fill-opacity='0.15' stroke='{colour}' stroke-width='0.8'"
        shapes.append(_rectangle(left, right, top, bottom, scale, style))
    margin = 6
    size = f"{width * scale + 2 * margin:.0f}", f"{height * scale + 2 * margin:.0f}"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{size[0]}' height='{size[1]}' "
        f"viewBox='{-margin} {-margin} {size[0]} {size[1]}' role='img'>"
        f"<title>Source blocks, and the window that each target chunk reads</title>{''.join(shapes)}</svg>"
    )


def _colour(part: float) -> str:
    """Return a colour between blue, 0, and red, 1; in hexadecimal, which every reader of SVG knows."""
    rgb = colorsys.hls_to_rgb((220 - 210 * part) / 360, 0.45, 0.75)
    return "#" + "".join(f"{round(255 * light):02x}" for light in rgb)


def _rectangle(left: float, right: float, top: float, bottom: float, scale: float, style: str) -> str:
    x, y, width, height = (f"{n * scale:.1f}" for n in (left, top, right - left, bottom - top))
    return f"<rect x='{x}' y='{y}' width='{width}' height='{height}' {style}/>"
