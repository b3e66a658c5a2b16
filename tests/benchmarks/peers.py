"""The same resampling by each library: one function makes the call, all its preparation done.

Each imports its library itself, and raises `Absent` with the reason if that is not installed or has no
such resampling. One thread. Results go to arrays that exist already where the library allows it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gridr_dask
from tests.benchmarks.measure import Call
from tests.benchmarks.scene import Array

LOCAL = ("nearest", "linear", "cubic")
SPLINES = ("bspline3", "bspline5", "bspline7", "bspline9", "bspline11")
EPSILON = 1e-6
"""Bound of the prefilter's error, for an image from 0 to 1."""

_TIES = 2e-3
"""Share of pixels for which another rounding of positions may choose another neighbour."""
_OTHER_CUBIC = 0.2
"""The kernels with a = -0.75 and -0.5 differ by at most this, for an image from 0 to 1."""


class Absent(Exception):  # noqa: N818 - a finding, not a failure
    """A library is not installed or does not do what is asked; the text says why."""


@dataclass
class Task:
    """What is to be resampled: an image at the positions of a grid."""

    kernel: str
    image: Array
    rows: Array
    cols: Array
    resolution: tuple[int, int] = (1, 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        nodes = zip(self.rows.shape, self.resolution, strict=True)
        return (*self.image.shape[:-2], *((n - 1) * step + 1 for n, step in nodes))

    @property
    def pixels(self) -> int:
        """How many pixels the result has, in all bands."""
        return int(np.prod(self.shape))

    def output(self) -> Array:
        """Return an array for the result, its memory in use: the first touch of a page is slow."""
        return np.ones(self.shape, self.image.dtype)


def ours(task: Task, num_threads: int = 1, **more: Any) -> Call:
    """Make the call of this package."""
    array_out = task.output()

    def run() -> Array:
        gridr_dask.array_grid_resampling(
            task.kernel,
            task.image,
            task.rows,
            task.cols,
            task.resolution,
            array_out,
            num_threads=num_threads,
            **(_options(task.kernel) | more),
        )
        return array_out

    return Call(run)


def gridr(task: Task) -> Call:
    """Make the call of GridR, which knows float64 only."""
    _only(task, LOCAL + SPLINES, "f8")
    resample = module("gridr.core.grid.grid_resampling").array_grid_resampling
    array_out = task.output()
    # It may filter its input in place.
    image = task.image.copy()

    def run() -> Array:
        grid = task.rows, task.cols, task.resolution
        resample(task.kernel, image, *grid, array_out, **_options(task.kernel))
        return array_out

    tolerance = 1e-5 if task.kernel == "nearest" else 1e-9 if task.kernel in LOCAL else 2 * EPSILON
    return Call(run, lambda: np.copyto(image, task.image), tolerance)


def opencv(task: Task) -> Call:
    """Make the call of OpenCV's remap, whose maps are float32 for every image."""
    _only(task, LOCAL, "f4 f8 u2")
    cv2 = module("cv2")
    cv2.setNumThreads(1)
    flag = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}[task.kernel]
    rows, cols = task.rows.astype(np.float32), task.cols.astype(np.float32)
    dst = task.output()
    tolerance, note = {
        "nearest": (_TIES, ""),
        "linear": (0.04, "OpenCV may round positions to 1/32 pixel"),
        "cubic": (_OTHER_CUBIC, "OpenCV's cubic has a = -0.75, ours -0.5"),
    }[task.kernel]
    return Call(
        lambda: cv2.remap(task.image, cols, rows, flag, dst=dst, borderMode=cv2.BORDER_CONSTANT),
        tolerance=tolerance,
        note=note,
    )


def torch(task: Task) -> Call:
    """Make the call of torch's grid_sample, whose grid has the type of the image and goes from -1 to 1."""
    _only(task, LOCAL, "f4 f8")
    torch = module("torch")
    torch.set_num_threads(1)
    mode = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[task.kernel]
    height, width = task.image.shape
    grid = np.stack([task.cols * 2.0 / (width - 1) - 1, task.rows * 2.0 / (height - 1) - 1], axis=-1)
    source = torch.from_numpy(task.image)[None, None]
    points = torch.from_numpy(grid.astype(task.image.dtype))[None]
    sample = torch.nn.functional.grid_sample

    def run() -> Any:
        with torch.inference_mode():
            return sample(source, points, mode=mode, padding_mode="zeros", align_corners=True)[0, 0].numpy()

    tolerance, note = {
        "nearest": (_TIES, ""),
        "linear": (1e-3 if task.image.dtype == np.float32 else 1e-9, ""),
        "cubic": (_OTHER_CUBIC, "torch's cubic has a = -0.75, ours -0.5"),
    }[task.kernel]
    return Call(run, tolerance=tolerance, note=note)


def scipy(task: Task) -> Call:
    """Make the call of scipy's map_coordinates, its prefilter included; "mirror" is our "reflect"."""
    _only(task, ("nearest", "linear", "bspline3", "bspline5"), "f8")
    map_coordinates = module("scipy.ndimage").map_coordinates
    order = {"nearest": 0, "linear": 1, "bspline3": 3, "bspline5": 5}[task.kernel]
    tolerance = {0: _TIES, 1: 1e-9}.get(order, 2 * EPSILON)
    positions, output = np.stack([task.rows, task.cols]), task.output()

    def run() -> Array:
        map_coordinates(task.image, positions, output=output, order=order, mode="mirror")
        return output

    return Call(run, tolerance=tolerance)


PEERS: dict[str, Callable[[Task], Call]] = {"GridR": gridr, "OpenCV": opencv, "torch": torch, "scipy": scipy}


def calls(task: Task, names: Iterable[str] = tuple(PEERS)) -> tuple[dict[str, Call], dict[str, str]]:
    """Return the calls of the peers that can do a task, and why the others can't."""
    able: dict[str, Call] = {}
    absent: dict[str, str] = {}
    for name in names:
        try:
            able[name] = PEERS[name](task)
        except Absent as reason:
            absent[name] = str(reason)
    return able, absent


def difference(kernel: str, ours: Array, theirs: Array) -> float:
    """Return the share of pixels that differ with nearest, else the greatest error of a range of 1."""
    if kernel == "nearest":
        return float(np.mean(ours != theirs))
    span = np.iinfo(ours.dtype).max if ours.dtype.kind == "u" else 1
    return float(np.abs(ours.astype(float) - theirs).max() / span)


def _options(kernel: str) -> dict[str, Any]:
    """Return the arguments that this package and GridR share."""
    if kernel in LOCAL:
        return {"boundary_condition": None, "trust_padding": False}
    # The threshold matters with a mask only.
    kwargs = {"epsilon": EPSILON, "mask_influence_threshold": 1.0}
    return {"boundary_condition": "reflect", "trust_padding": True, "interp_kwargs": kwargs}


def module(name: str) -> Any:
    """Import a module of a library, or raise `Absent`."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Absent(f"not installed ({error})") from error


def _only(task: Task, kernels: tuple[str, ...], dtypes: str) -> None:
    if task.kernel not in kernels:
        raise Absent(f"has no {task.kernel}")
    if task.image.dtype not in [np.dtype(name) for name in dtypes.split()]:
        raise Absent(f"has no {task.image.dtype}")
    if task.resolution != (1, 1) and kernels != LOCAL + SPLINES:
        raise Absent("has no coarse grids")
