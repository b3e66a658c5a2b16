"""Kernels of the engine as values: how far they reach, with which parameters."""

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


@cache
def kernel_of(interp: Interpolator, prefiltered: bool = False) -> Kernel:
    """Return the kernel of an interpolator.

    Parameters
    ----------
    interp : Interpolator
        The interpolation with its parameters.
    prefiltered : bool
        Whether the source already holds the coefficients of a spline.
    """
    rows = {row[0]: row for row in _core.kernels()}
    name, first, last, rounds, margin = rows[interp.name][:5]
    if not isinstance(interp, BSplineInterpolator):
        return Kernel(name, first, last, rounds, margin)
    return Kernel(
        name,
        first,
        last,
        rounds,
        margin,
        epsilon=interp.epsilon,
        influence=influence_radius(interp.order, interp.mask_influence_threshold),
        warm_up=_core.warm_up(name, interp.epsilon),
        pieces=_core.PIECES,
        prefiltered=prefiltered,
    )


def influence(kernel: Kernel) -> tuple[int, int]:
    """Return the influence of an invalid sample, rounded down and up, as the engine takes it."""
    return floor(kernel.influence), ceil(kernel.influence)
