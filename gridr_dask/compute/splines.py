"""Numbers of the B-spline prefilter: poles, truncation, domain extension, influence of invalid samples.

Method: T. Briand and P. Monasse, "Theory and Practice of Image B-Spline Interpolation", Image Processing On
Line 8 (2018), doi:10.5201/ipol.2018.221.
"""

from __future__ import annotations

from functools import cache
from math import comb, floor, log, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask import _core
from gridr_dask.errors import InvalidInputError

__all__ = ["ORDERS", "domain_extension", "influence_radius", "poles", "spline_kernel", "truncation_indices"]

ORDERS = (3, 5, 7, 9, 11)
"""Degrees of the B-splines."""


@cache
def poles(order: int) -> tuple[float, ...]:
    """Return the poles of the prefilter of degree `order`, by decreasing modulus.

    Raises
    ------
    InvalidInputError
        If there is no spline of that degree.
    """
    if order not in ORDERS:
        raise InvalidInputError(f"B-spline order n={order} must be one of {ORDERS}", "spline-order")
    by_name = {row[0]: row[6] for row in _core.kernels()}
    return tuple(by_name[f"bspline{order}"])


def truncation_indices(order: int, epsilon: float) -> list[int]:
    """Return how many terms of each pole's exponential filter a relative precision `epsilon` needs.

    Formula of Briand and Monasse for two dimensions, with natural logarithms.
    """
    z = poles(order)
    logs = [log(-pole) for pole in z]
    mu = [0.0]
    for k in range(1, len(z)):
        ratio = logs[k] * sum(1 / value for value in logs[:k])
        mu.append(ratio / (1 + ratio))
    rho = prod((1 + pole) / (1 - pole) for pole in z) ** 2
    counts = []
    for i, pole in enumerate(z):
        bound = 0.5 * rho**2 * epsilon * (1 - pole) * (1 - mu[i]) * prod(mu[i + 1 :])
        if not bound > 0:
            raise InvalidInputError(
                f"a precision of {epsilon} is beyond what float64 can tell from 0", "epsilon"
            )
        counts.append(1 + max(0, floor(log(bound) / logs[i])))
    return counts


def domain_extension(order: int, epsilon: float, indices: list[int] | None = None) -> list[int]:
    """Return the extensions ``L_0 .. L_npoles`` that the filter of each pole consumes, outermost first.

    ``L_0`` is the total margin; the last one is what the kernel itself needs.
    """
    counts = truncation_indices(order, epsilon) if indices is None else indices
    extensions = [order // 2]
    for count in reversed(counts):
        extensions.insert(0, extensions[0] + count)
    return extensions


def influence_radius(order: int, threshold: float) -> float:
    """Return the Manhattan distance at which an invalid sample weighs less than `threshold`, relatively."""
    return log(threshold) / log(-poles(order)[0])


def spline_kernel(order: int, x: npt.ArrayLike) -> Any:
    """Return ``n!`` times the cardinal B-spline of degree n at `x`.

    By the piecewise polynomials of Schoenberg's formula
    ``sum over k of (-1)^k C(n+1, k) max(0, (n+1)/2 - |x| - k)^n``.
    """
    poles(order)
    distance = np.abs(np.asarray(x, np.float64))
    terms = [
        (-1) ** k * comb(order + 1, k) * np.maximum(0.0, (order + 1) / 2 - distance - k) ** order
        for k in range(order // 2 + 1, -1, -1)
    ]
    return sum(terms[1:], terms[0])
