"""Speed as ratios: ours against GridR, and masked calls against unmasked ones, in one process.

    python tests/benchmarks/table.py [--quick]

One thread, a rotation by 11 degrees with a slight radial warp and scale 0.7. Minima of interleaved runs, so
that a slow phase of the machine meets both sides. Everything that a call does is included. Timings say how
fast; that the results agree is checked here too, and thoroughly by the tests.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import gridr_dask
from gridr_dask.compute import isa

LOCAL = {"nearest": 5.0, "linear": 7.0, "cubic": 6.0}
SPLINES = {"bspline3": 6.0, "bspline5": 7.0, "bspline7": 8.0, "bspline9": 9.0, "bspline11": 9.0}
"""How many times faster than GridR each kernel shall become."""

Call = Callable[[], Any]


@dataclass
class Row:
    """One line of the table: a measured ratio and its goal."""

    case: str
    against: str
    ours: float
    other: float
    goal: float
    at_most: bool = False

    @property
    def ratio(self) -> float:
        """How many times faster ours is; with `at_most`, how many times slower."""
        return self.ours / self.other if self.at_most else self.other / self.ours

    @property
    def met(self) -> bool:
        """Whether the goal is met, within 5 % for noise."""
        return self.ratio <= self.goal * 1.05 if self.at_most else self.ratio >= self.goal * 0.95

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        return (
            f"{self.case:<38}{self.against:<22}{self.ours:>8.1f}{self.other:>8.1f}{self.ratio:>8.2f}x"
            f"{sign:>4} {self.goal:<5g}{'met' if self.met else 'not yet'}"
        )


class Scene:
    """A random image of `size` x `size` pixels, and grids that rotate it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.image = np.random.default_rng(0).random((size, size))

    def grid(self, resolution: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of the nodes, one every `resolution` pixels."""
        nodes = np.arange(0, self.size + resolution - 1, resolution, dtype=float)
        centre, angle = (self.size - 1) / 2, np.deg2rad(11)
        y, x = np.meshgrid(nodes - centre, nodes - centre, indexing="ij")
        scale = 0.7 * (1 + 0.02 * (y**2 + x**2) / centre**2)
        rows = centre + scale * (np.cos(angle) * y - np.sin(angle) * x)
        cols = centre + scale * (np.sin(angle) * y + np.cos(angle) * x)
        return rows, cols

    def masks(self) -> dict[str, np.ndarray]:
        """Return masks: all valid, a border of 5 %, and 0.01 % isolated invalid samples."""
        border = np.ones((self.size, self.size), np.uint8)
        width = self.size // 20
        border[:width] = border[-width:] = border[:, :width] = border[:, -width:] = 0
        isolated = np.random.default_rng(1).random((self.size, self.size)) > 1e-4
        return {"all valid": np.ones_like(border), "border": border, "isolated": isolated.astype(np.uint8)}


def times(calls: dict[str, Call], runs: int) -> dict[str, float]:
    """Return the best time of each call in seconds, taken in turn."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(runs):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def options(name: str, threshold: float = 1e-3) -> dict[str, Any]:
    """Return the arguments that both sides get for a kernel."""
    if name in LOCAL:
        return {"boundary_condition": None, "trust_padding": False}
    kwargs = {"epsilon": 1e-6, "mask_influence_threshold": threshold}
    return {"boundary_condition": "reflect", "trust_padding": True, "interp_kwargs": kwargs}


def against_gridr(scene: Scene, runs: int, resolution: int, goals: dict[str, float]) -> Iterator[Row]:
    """Yield ours against GridR for every kernel of `goals`."""
    from gridr.core.grid.grid_resampling import array_grid_resampling as reference

    rows, cols = scene.grid(resolution)
    pixels = ((rows.shape[0] - 1) * resolution + 1) ** 2
    for name, goal in goals.items():
        common = (rows, cols, (resolution, resolution), None)
        # GridR may filter its input in place: it gets a copy, made outside of the clock.
        copies = iter([scene.image.copy() for _ in range(runs)])
        results: dict[str, Any] = {}

        def ours(name: str = name, results: dict[str, Any] = results, common: Any = common) -> None:
            results["ours"] = gridr_dask.array_grid_resampling(
                name, scene.image, *common, num_threads=1, **options(name)
            )

        def theirs(
            name: str = name, results: dict[str, Any] = results, common: Any = common, copies: Any = copies
        ) -> None:
            results["gridr"] = reference(name, next(copies), *common, **options(name))

        best = times({"ours": ours, "gridr": theirs}, runs)
        difference = np.abs(results["ours"][0] - results["gridr"][0]).max()
        if not difference <= (1e-9 if name in LOCAL else 2e-6):
            sys.exit(f"{name}: results differ by {difference}; timing them makes no sense")
        case = f"{name} f64, grid ({resolution},{resolution})"
        yield Row(case, "GridR 0.6.0", *(best[k] * 1e9 / pixels for k in ("ours", "gridr")), goal)


def masked(scene: Scene, runs: int) -> Iterator[Row]:
    """Yield masked calls against the unmasked one, validity asked for on both sides."""
    rows, cols = scene.grid()
    for name in (*LOCAL, *SPLINES):
        masks: dict[str, np.ndarray | None] = {"none": None, **scene.masks()}

        def call(mask: np.ndarray | None, name: str = name) -> Call:
            return lambda: gridr_dask.array_grid_resampling(
                name,
                scene.image,
                rows,
                cols,
                (1, 1),
                array_in_mask=mask,
                array_out_mask=True,
                num_threads=1,
                **options(name, threshold=1.0),
            )

        best = times({label: call(mask) for label, mask in masks.items()}, runs)
        for label in list(masks)[1:]:
            ours, other = (best[key] * 1e9 / rows.size for key in (label, "none"))
            yield Row(f"{name} f64, mask {label}", "itself, no mask", ours, other, 1.15, at_most=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller images and fewer runs")
    quick = parser.parse_args().quick
    scene, runs = Scene(1000 if quick else 2000), 3 if quick else 7
    print(f"{scene.size} x {scene.size} pixels, one thread, instruction set {isa.chosen()}; ns per pixel")
    print(f"{'case':<38}{'against':<22}{'ours':>8}{'other':>8}{'ratio':>9}   goal")
    rows = []
    for part in (
        against_gridr(scene, runs, 1, LOCAL | SPLINES),
        masked(scene, runs),
    ):
        for row in part:
            print(row, flush=True)
            rows.append(row)
    print(f"{sum(row.met for row in rows)} of {len(rows)} goals met (within 5 %)")


if __name__ == "__main__":
    main()
