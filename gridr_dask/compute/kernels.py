"""Kernels of the engine as values: how far they reach, with which parameters."""

from dataclasses import replace
from functools import cache
from math import ceil, floor

from gridr_dask import _core
from gridr_dask.compute.interpolators import BSplineInterpolator, Interpolator
from gridr_dask.compute.splines import influence_radius
from gridr_dask.geometry import Kernel

__all__ = ["influence", "kernel_names", "kernel_of"]


def kernel_names() -> tuple[str, ...]:
    """Return the names of the kernels."""
    return tuple(row[0] for row in _core.kernels())


def kernel_of(interp: Interpolator, prefiltered: bool = False) -> Kernel:
    """Return the kernel of an interpolator.

    Parameters
    ----------
    interp : Interpolator
        The interpolation with its parameters.
    prefiltered : bool
        Whether the source already holds the coefficients of a spline.
    """
    if isinstance(interp, BSplineInterpolator):
        return _spline(
            interp.name, interp.order, interp.epsilon, interp.mask_influence_threshold, prefiltered
        )
    return _reach(interp.name)


# Keyed by plain values: interpolators take longer to hash and to compare, and can be changed.
@cache
def _reach(name: str) -> Kernel:
    rows = {row[0]: row for row in _core.kernels()}
    return Kernel(*rows[name][:5])


@cache
def _spline(name: str, order: int, epsilon: float, threshold: float, prefiltered: bool) -> Kernel:
    return replace(
        _reach(name),
        epsilon=epsilon,
        influence=influence_radius(order, threshold),
        warm_up=_core.warm_up(name, epsilon),
        pieces=_core.PIECES,
        prefiltered=prefiltered,
    )


def influence(kernel: Kernel) -> tuple[int, int]:
    """Return the influence of an invalid sample, rounded down and up, as the engine takes it."""
    return floor(kernel.influence), ceil(kernel.influence)
