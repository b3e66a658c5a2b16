"""Interpolator objects: a kernel's name with its parameters, as GridR's users know them."""

from __future__ import annotations

from enum import IntEnum
from math import inf
from typing import Any, ClassVar

import numpy.typing as npt

from gridr_dask.compute.splines import domain_extension, spline_kernel
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError

__all__ = [
    "BSpline3Interpolator",
    "BSpline5Interpolator",
    "BSpline7Interpolator",
    "BSpline9Interpolator",
    "BSpline11Interpolator",
    "BSplineInterpolator",
    "Interpolator",
    "LinearInterpolator",
    "NearestInterpolator",
    "OptimizedBicubicInterpolator",
    "PyInterpolatorType",
    "get_interpolator",
    "is_bspline",
]


class PyInterpolatorType(IntEnum):
    """Interpolations by number."""

    Nearest = 0
    Linear = 1
    OptimizedBicubic = 2
    BSpline3 = 3
    BSpline5 = 4
    BSpline7 = 5
    BSpline9 = 6
    BSpline11 = 7


class Interpolator:
    """An interpolation. Equal parameters make equal objects; they pickle and tokenize.

    Attributes
    ----------
    name : str
        Name of the kernel.
    """

    name: ClassVar[str]
    _margin: ClassVar[int] = 1

    def shortname(self) -> str:
        """Return the interpolation's short name."""
        return self.name

    def initialize(self) -> None:
        """Prepare the object for `total_margins`; needed for B-splines only, harmless otherwise."""

    def total_margins(self) -> list[int]:
        """Return how many samples around a position are read: top, bottom, left, right."""
        return [self._margin] * 4

    def _arguments(self) -> tuple[Any, ...]:
        return ()

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return type(self).__name__, *self._arguments()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._arguments() == other._arguments()

    def __hash__(self) -> int:
        return hash((type(self), self._arguments()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._arguments()))})"


class NearestInterpolator(Interpolator):
    """The nearest pixel; ties go up."""

    name = "nearest"


class LinearInterpolator(Interpolator):
    """Bilinear interpolation."""

    name = "linear"


class OptimizedBicubicInterpolator(Interpolator):
    """Cubic convolution with a = -1/2."""

    name = "cubic"
    _margin = 2

    def shortname(self) -> str:
        """Return the interpolation's short name."""
        return "optimized_bicubic"


class BSplineInterpolator(Interpolator):
    """A cardinal B-spline of odd degree on prefiltered samples.

    Parameters
    ----------
    epsilon : float
        Largest error of the prefilter, relative to the largest sample.
    mask_influence_threshold : float
        Weight below which the influence of an invalid sample on coefficients around it is neglected, in
        ``(0, 1]``; with 1 only the sample itself is invalid.

    Raises
    ------
    InvalidInputError
        If `epsilon` is not positive and finite, or the threshold is not in ``(0, 1]``.
    """

    order: ClassVar[int]

    def __init__(self, epsilon: float = 1e-6, mask_influence_threshold: float = 1e-3) -> None:
        if not 0 < epsilon < inf:
            raise InvalidInputError(f"epsilon={epsilon} must be a positive finite number", "epsilon")
        if not 0 < mask_influence_threshold <= 1:
            raise InvalidInputError(
                f"mask_influence_threshold={mask_influence_threshold} must be in (0, 1]", "threshold"
            )
        self.epsilon = float(epsilon)
        self.mask_influence_threshold = float(mask_influence_threshold)
        self._initialized = False

    @property
    def npoles(self) -> int:
        """Number of poles of the prefilter."""
        return self.order // 2

    def bspline(self, x: npt.ArrayLike) -> Any:
        """Return the spline at `x`, scaled by the factorial of its degree."""
        return spline_kernel(self.order, x)

    def initialize(self) -> None:
        """Prepare the object for `total_margins`."""
        self._initialized = True

    def total_margins(self) -> list[int]:
        """Return how many samples around a position are read: top, bottom, left, right.

        Raises
        ------
        InvalidInputError
            Before `initialize`.
        """
        if not self._initialized:
            raise InvalidInputError(
                f"{self.shortname()} has not been initialized; call initialize() first", "uninitialized"
            )
        return [domain_extension(self.order, self.epsilon)[0]] * 4

    def _arguments(self) -> tuple[Any, ...]:
        return self.epsilon, self.mask_influence_threshold


class BSpline3Interpolator(BSplineInterpolator):
    """The B-spline of degree 3."""

    name, order = "bspline3", 3


class BSpline5Interpolator(BSplineInterpolator):
    """The B-spline of degree 5."""

    name, order = "bspline5", 5


class BSpline7Interpolator(BSplineInterpolator):
    """The B-spline of degree 7."""

    name, order = "bspline7", 7


class BSpline9Interpolator(BSplineInterpolator):
    """The B-spline of degree 9."""

    name, order = "bspline9", 9


class BSpline11Interpolator(BSplineInterpolator):
    """The B-spline of degree 11."""

    name, order = "bspline11", 11


_CLASSES: dict[PyInterpolatorType, type[Interpolator]] = {
    PyInterpolatorType.Nearest: NearestInterpolator,
    PyInterpolatorType.Linear: LinearInterpolator,
    PyInterpolatorType.OptimizedBicubic: OptimizedBicubicInterpolator,
    PyInterpolatorType.BSpline3: BSpline3Interpolator,
    PyInterpolatorType.BSpline5: BSpline5Interpolator,
    PyInterpolatorType.BSpline7: BSpline7Interpolator,
    PyInterpolatorType.BSpline9: BSpline9Interpolator,
    PyInterpolatorType.BSpline11: BSpline11Interpolator,
}
_BY_NAME = {cls.name: cls for cls in _CLASSES.values()}


def get_interpolator(interp: str | PyInterpolatorType | Interpolator, **kwargs: Any) -> Interpolator:
    """Return an interpolator.

    Parameters
    ----------
    interp : str, PyInterpolatorType or Interpolator
        ``"nearest"``, ``"linear"``, ``"cubic"``, ``"bspline3"``, ..., ``"bspline11"``, or the enum member. An
        interpolator is returned as it is.
    **kwargs
        Parameters of a B-spline: ``epsilon``, the largest error of its prefilter, relative to the largest
        sample (1e-6), and ``mask_influence_threshold``, the weight in ``(0, 1]`` below which the influence
        of an invalid sample on coefficients around it is neglected (1e-3).

    Raises
    ------
    InvalidInputError
        If there is no interpolation of that name, or a parameter is out of range.
    UnsupportedDtypeError
        If `interp` is none of these types (a `TypeError`).
    """
    if isinstance(interp, Interpolator):
        return interp
    if isinstance(interp, PyInterpolatorType):
        return _CLASSES[interp](**kwargs)
    if isinstance(interp, str):
        if interp not in _BY_NAME:
            raise InvalidInputError(
                f"unknown interpolation {interp!r}; known: {', '.join(_BY_NAME)}", "unknown-kernel"
            )
        return _BY_NAME[interp](**kwargs)
    raise UnsupportedDtypeError(
        f"interp must be a name, a PyInterpolatorType or an interpolator, got {interp!r}", "interp-type"
    )


def is_bspline(interp: object) -> bool:
    """Return whether a name, enum member, class or instance is a B-spline."""
    if isinstance(interp, type):
        return issubclass(interp, BSplineInterpolator)
    if isinstance(interp, PyInterpolatorType):
        return issubclass(_CLASSES[interp], BSplineInterpolator)
    if isinstance(interp, str):
        return issubclass(_BY_NAME.get(interp, Interpolator), BSplineInterpolator)
    return isinstance(interp, BSplineInterpolator)
