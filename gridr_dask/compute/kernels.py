"""The kernels that the engine has, as values."""

from functools import cache

from gridr_dask import _core
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Kernel

__all__ = ["kernel_from_name", "kernel_names"]


@cache
def _registry() -> dict[str, Kernel]:
    return {row[0]: Kernel(*row) for row in _core.kernels()}


def kernel_names() -> tuple[str, ...]:
    """Return the names of the kernels."""
    return tuple(_registry())


def kernel_from_name(name: str) -> Kernel:
    """Return the kernel called `name`.

    Raises
    ------
    InvalidInputError
        If there is none; the message lists the names.
    """
    try:
        return _registry()[name]
    except KeyError:
        known = ", ".join(kernel_names())
        raise InvalidInputError(f"unknown interpolation {name!r}; known: {known}", "unknown-kernel") from None
