"""Part 2: the right image of a stereo pair, seen from where the left one was taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from skimage import data

from gridr_dask.demo import pictures
from gridr_dask.demo.report import Outcome, announce, compare, say

__all__ = ["run"]

_CHUNK = 192

_Array = npt.NDArray[Any]


def run(output: Path) -> Outcome:
    """Resample the right image through the disparity; measure how near it comes to the left one.

    Raises
    ------
    SystemExit
        If bytes differ, or the difference does not drop.
    """
    announce(2, "The right image of a stereo pair, moved onto the left one by its disparity")
    left, right, disparity = data.stereo_motorcycle()
    source = xr.DataArray(right, dims=("y", "x", "band"), name="right")
    # A displacement is a grid with a node for each pixel. Where it is unknown it is infinite, and
    # such a node is invalid.
    rows, cols = np.mgrid[: disparity.shape[0], : disparity.shape[1]].astype(np.float64)
    grid = rows, cols - disparity
    unknown = 1 - np.isfinite(disparity).mean()
    say("source", f"{right.shape[0]} x {right.shape[1]}, {right.shape[2]} bands of {right.dtype}")
    say("grid", f"a node for each pixel, {unknown:.1%} of them not finite")

    lazy, lazy_valid = source.gridr.resample(grid, chunks=_CHUNK, return_mask=True)
    chunked, chunked_valid = lazy.compute(), lazy_valid.compute()
    whole, valid = source.gridr.resample(grid, return_mask=True)
    before, after = _difference(left, right), _difference(left, whole.values)
    seen = valid.values
    say("valid", f"{seen.mean():.1%} of the target")
    say(
        "difference",
        f"{before[seen].mean():.2f} grey levels before, {after[seen].mean():.2f} after (mean)",
    )
    compare((chunked.values, whole.values), (chunked_valid.values, valid.values))
    if after[seen].mean() > 0.5 * before[seen].mean():
        raise SystemExit("FAILED: the resampled right image does not fit the left one")

    picture = output / "stereo.png"
    opaque = np.where(seen, 255, 0).astype(np.uint8)[..., np.newaxis]
    moved = np.concatenate([whole.values, opaque], axis=-1)
    differences = tuple(np.where(seen, values, np.nan) for values in (before, after))
    _draw(picture, (left, right, moved), disparity, differences)
    return Outcome({picture: "left, right, right resampled; the differences before and after"})


def _difference(left: _Array, other: _Array) -> npt.NDArray[np.float64]:
    """Return the absolute difference to the left image, its mean over the bands."""
    difference: npt.NDArray[np.float64] = np.abs(left.astype(np.float64) - other).mean(axis=-1)
    return difference


def _draw(path: Path, images: tuple[_Array, ...], disparity: _Array, differences: tuple[_Array, ...]) -> None:
    figure, axes = pictures.panels(2, 3, (12.0, 6.8))
    for axis, image, title in zip(
        axes[0], images, ("left", "right", "right, resampled onto left"), strict=True
    ):
        pictures.show(axis, image, title)
    known = np.where(np.isfinite(disparity), disparity, np.nan)
    drawn = pictures.show(axes[1, 0], known, "disparity: the displacement grid", cmap="viridis")
    pictures.scale(figure, drawn, axes[1, 0], "pixels")
    for axis, values, when in zip(axes[1, 1:], differences, ("before", "after"), strict=True):
        title = f"difference to left, {when}: {np.nanmean(values):.1f} on average"
        drawn = pictures.show(axis, values, title, cmap="magma", vmin=0, vmax=100)
    pictures.scale(figure, drawn, axes[1, 1:], "grey levels")
    pictures.save(figure, path)
