"""The lines of the table: functions that measure and yield rows, each about one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import gridr_dask
from tests.benchmarks import georeference, measure, peers
from tests.benchmarks.measure import Call, Timed
from tests.benchmarks.peers import LOCAL, SPLINES, Task, ours
from tests.benchmarks.scene import Array, Scene

NOISE = 0.05
"""A goal counts as met when it is missed by less than this."""


@dataclass
class Row:
    """One line of the table: a time, those of others, and the ratio that is wanted.

    `differences` are measured against each of the others and against the tolerance stated for it.
    """

    case: str
    ours: float
    others: dict[str, float] = field(default_factory=dict)
    goal: float | None = None
    at_most: bool = False
    unit: str = "ns/px"
    kernel: str = ""
    dtype: str = ""
    absent: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    differences: dict[str, float] = field(default_factory=dict)
    tolerances: dict[str, float] = field(default_factory=dict)

    @property
    def against(self) -> str:
        """The fastest of the others, or nothing."""
        return min(self.others, key=self.others.__getitem__, default="")

    @property
    def other(self) -> float | None:
        """The time of the fastest of the others."""
        return self.others.get(self.against)

    @property
    def ratio(self) -> float | None:
        """How many times faster ours is; with `at_most`, how many times slower."""
        if self.other is None:
            return None
        return self.ours / self.other if self.at_most else self.other / self.ours

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, within the noise; None without a goal or without another."""
        # Without a ratio, an upper bound is one of the time itself.
        value = self.ours if self.ratio is None and self.at_most else self.ratio
        if self.goal is None or value is None:
            return None
        return value <= self.goal * (1 + NOISE) if self.at_most else value >= self.goal * (1 - NOISE)

    @property
    def agrees(self) -> bool:
        """Whether all results agree as well as they should; a NaN never does."""
        return all(value <= self.tolerances[name] for name, value in self.differences.items())


@dataclass(frozen=True)
class Settings:
    """How large the images are and how often each call runs."""

    size: int = 2000
    runs: int = 7


Line = Callable[[Settings], Iterator[Row]]


def against_gridr(settings: Settings) -> Iterator[Row]:
    """Each kernel in float64 and a grid of full resolution, against GridR."""
    goals = dict(zip(LOCAL + SPLINES, (5, 7, 6, 6, 7, 8, 9, 9), strict=True))
    scene = Scene(settings.size)
    for kernel, goal in goals.items():
        task = Task(kernel, scene.image(), *scene.grid())
        yield _compared(f"{kernel} f64, grid (1,1)", task, ["GridR"], goal, settings.runs)


def coarse_grid(settings: Settings) -> Iterator[Row]:
    """Each kernel in float64 with a node for every tenth pixel, against GridR."""
    scene = Scene(settings.size)
    for kernel in LOCAL + SPLINES:
        task = Task(kernel, scene.image(), *scene.grid(10), (10, 10))
        yield _compared(f"{kernel} f64, grid (10,10)", task, ["GridR"], 9, settings.runs)


def masked(settings: Settings) -> Iterator[Row]:
    """Each kernel with a mask against the same call without one, the output's validity asked of both."""
    scene = Scene(settings.size)
    for kernel in LOCAL + SPLINES:
        task = Task(kernel, scene.image(), *scene.grid())
        masks: dict[str, Array | None] = {"none": None, **scene.masks()}
        valid = {name: np.ones(task.shape, np.uint8) for name in masks}
        calls = {
            name: ours(task, array_in_mask=mask, array_out_mask=valid[name]) for name, mask in masks.items()
        }
        timed = measure.in_turn(calls, settings.runs)
        plain = timed.pop("none")
        for name, mine in timed.items():
            row = _row(f"{kernel} f64, mask {name}", task, mine, {"no mask": plain}, 1.15)
            row.at_most = True
            _agree(row, "no mask", "bytes", mine.result, np.where(valid[name], plain.result, 0), 0)
            yield row


def small_types(settings: Settings) -> Iterator[Row]:
    """Images in float32 and uint16 and one float32 grid for all, against the faster of OpenCV and torch."""
    scene = Scene(settings.size)
    for dtype in ("f32", "u16"):
        for kernel, goal in zip(LOCAL, (1.0, 1.4, 1.8), strict=True):
            task = Task(kernel, scene.image(dtype), *scene.grid(dtype="f32"))
            yield _compared(f"{kernel} {dtype}, f32 grid", task, ["OpenCV", "torch"], goal, settings.runs)


def cubic_float64(settings: Settings) -> Iterator[Row]:
    """Cubic in float64, against the faster of OpenCV, whose maps are float32, and torch."""
    scene = Scene(settings.size)
    task = Task("cubic", scene.image(), *scene.grid())
    yield _compared("cubic f64", task, ["OpenCV", "torch"], 1.8, settings.runs)


def against_scipy(settings: Settings) -> Iterator[Row]:
    """B-splines in float64, prefilter included, against scipy."""
    scene = Scene(settings.size)
    for kernel, goal in (("bspline3", 10), ("bspline5", 14)):
        task = Task(kernel, scene.image(), *scene.grid())
        yield _compared(f"{kernel} f64", task, ["scipy"], goal, settings.runs)


def transposed(settings: Settings) -> Iterator[Row]:
    """Columns of a larger image read as rows, against straight access."""
    scene = Scene(settings.size * 2048 // 1000)
    for dtype in ("f32", "f64"):
        image, (rows, cols) = scene.image(dtype), scene.straight(dtype)
        for kernel in LOCAL:
            task = Task(kernel, image, rows, cols)
            calls = {"across": ours(Task(kernel, image, cols, rows)), "straight": ours(task)}
            timed = measure.in_turn(calls, settings.runs)
            row = _row(
                f"{kernel} {dtype}, {scene.size} x {scene.size} transposed",
                task,
                timed["across"],
                {"straight access": timed["straight"]},
                1.6,
            )
            row.at_most = True
            _agree(row, "straight access", "bytes", timed["across"].result, timed["straight"].result.T, 0)
            yield row


def bands(settings: Settings) -> Iterator[Row]:
    """Four bands in one call, against four calls."""
    scene = Scene(settings.size)
    image = np.stack([np.roll(scene.image("f32"), band, axis=0) for band in range(4)])
    grid = scene.grid(dtype="f32")
    singles = [ours(Task("cubic", band, *grid)) for band in image]
    task = Task("cubic", image, *grid)
    four = Call(lambda: [single.run() for single in singles])
    timed = measure.in_turn({"one": ours(task), "four": four}, settings.runs)
    row = _row("cubic f32, 4 bands in a call", task, timed["one"], {"4 calls": timed["four"]}, 0.6)
    row.at_most = True
    _agree(row, "4 calls", "bytes", timed["one"].result, np.stack(timed["four"].result), 0)
    yield row


def two_threads(settings: Settings) -> Iterator[Row]:
    """Two threads, against two processes of one thread that run at once: the time per pixel of all."""
    for kernel in ("cubic", "bspline5"):
        task = _float64_task(kernel, settings.size)
        both = ours(task, num_threads=2)
        call = (_one_thread, (kernel, settings.size), settings.runs)
        joint, timed = measure.at_once(*call, between=both)
        single = measure.in_turn({"": ours(task)}, 1)[""]
        others = {"2 processes": Timed(joint, single.result)}
        row = _row(f"{kernel} f64, 2 threads", task, timed, others, 0.95)
        _agree(row, "2 processes", "bytes", timed.result, single.result, 0)
        yield row


def tiny_calls(settings: Settings) -> Iterator[Row]:
    """Many calls for 64 x 64 pixels out of an image of 256 x 256, against GridR."""
    scene = Scene(256)
    rows, cols = (np.ascontiguousarray(part[96:160, 96:160]) for part in scene.grid())
    for kernel in ("nearest", "linear", "cubic", "bspline3"):
        task = Task(kernel, scene.image(), rows, cols)
        yield _compared(f"{kernel} f64, 64 x 64 pixels", task, ["GridR"], 3, settings.runs, burst=50)


def overhead(settings: Settings) -> Iterator[Row]:
    """A call for 2 x 2 pixels, from its first line to its last: what Python costs."""
    image, grid = np.ones((16, 16)), np.full((2, 2), 7.3)

    def run() -> Any:
        return gridr_dask.array_grid_resampling("cubic", image, grid, grid, (1, 1), num_threads=1)

    timed = measure.in_turn({"": Call(run)}, settings.runs, burst=200)[""]
    yield Row("cubic f64, 2 x 2 pixels", timed.seconds * 1e6, goal=30, at_most=True, unit="us/call")


def reprojected(settings: Settings) -> Iterator[Row]:
    """UTM to Web Mercator by dask's threads, against odc-geo: time, and memory of a fresh process."""
    size = settings.size * 4096 // 1000
    builds = {"ours": georeference.ours, "odc-geo": georeference.odc_geo}
    for kernel in LOCAL:
        case = f"{kernel} f32, reproject {size}²"
        if reason := georeference.absent():
            yield Row(case, float("nan"), goal=5, kernel=kernel, dtype="f32", absent={"odc-geo": reason})
            continue
        calls = {name: build(kernel, size) for name, build in builds.items()}
        timed = measure.in_turn(calls, min(settings.runs, 3))
        mine, theirs = timed["ours"], timed["odc-geo"]
        scale = 1e9 / size**2
        row = Row(
            case, mine.seconds * scale, {"odc-geo": theirs.seconds * scale}, 5, kernel=kernel, dtype="f32"
        )
        _agree(row, "odc-geo", "linear", mine.result.values, theirs.result.values, calls["odc-geo"].tolerance)
        yield row
        del calls, timed, mine, theirs
        memory = {name: measure.peak_memory(build, (kernel, size)) for name, build in builds.items()}
        # The calls, and so their results, are those of the row before.
        yield replace(
            row,
            case=f"{case}, peak",
            ours=memory.pop("ours"),
            others=memory,
            goal=1,
            at_most=True,
            unit="MiB",
        )


def copies(settings: Settings) -> Iterator[Row]:
    """`numpy.copyto` of an image as large as the result: no kernel can be faster."""
    for dtype in ("f64", "f32"):
        image = Scene(settings.size).image(dtype)
        out = np.ones_like(image)
        call = Call(lambda out=out, image=image: np.copyto(out, image))  # type: ignore[misc]
        timed = measure.in_turn({"": call}, settings.runs, burst=3)[""]
        yield Row(f"copy {dtype}", timed.seconds * 1e9 / image.size, kernel="copy", dtype=dtype)


LINES: list[Line] = [
    against_gridr,
    coarse_grid,
    masked,
    small_types,
    cubic_float64,
    against_scipy,
    transposed,
    bands,
    two_threads,
    tiny_calls,
    overhead,
    reprojected,
    copies,
]


def _compared(case: str, task: Task, names: list[str], goal: float, runs: int, burst: int = 1) -> Row:
    """Measure ours and the peers of these names, and compare the results."""
    calls, absent = peers.calls(task, names)
    timed = measure.in_turn({"ours": ours(task), **calls}, runs, burst)
    mine = timed.pop("ours")
    row = _row(case, task, mine, timed, goal)
    row.absent = absent
    row.notes = [call.note for call in calls.values() if call.note]
    for name, call in calls.items():
        _agree(row, name, task.kernel, mine.result, timed[name].result, call.tolerance)
    return row


def _row(case: str, task: Task, mine: Timed, others: dict[str, Timed], goal: float) -> Row:
    scale = 1e9 / task.pixels
    times = {name: timed.seconds * scale for name, timed in others.items()}
    dtype = f"{task.image.dtype.kind}{task.image.dtype.itemsize * 8}"
    return Row(case, mine.seconds * scale, times, goal, kernel=task.kernel, dtype=dtype)


def _agree(row: Row, name: str, rule: str, mine: Any, theirs: Any, tolerance: float) -> None:
    """Record how far two results are from each other; with the rule `bytes` they are the same."""
    equal = "nearest" if rule == "bytes" else rule
    row.differences[name], row.tolerances[name] = peers.difference(equal, mine, theirs), tolerance


def _float64_task(kernel: str, size: int) -> Task:
    scene = Scene(size)
    return Task(kernel, scene.image(), *scene.grid())


def _one_thread(kernel: str, size: int) -> Call:
    return ours(_float64_task(kernel, size))
