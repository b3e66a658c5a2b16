"""Which variable is interpolated how: one kernel for all, or one by name, by type, or by what it holds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from gridr_dask.compute import get_interpolator, kernel_of
from gridr_dask.compute.interpolators import Interpolator
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Kernel

__all__ = ["Interp", "KernelChoice"]

Interp: TypeAlias = str | Interpolator | Mapping[Any, str | Interpolator]
"""What users give as `interp`."""

_ALIASES = {"bilinear": "linear", "bicubic": "cubic"}
_AUTO = "auto"
_FLAGS = frozenset(["flag_values", "flag_masks", "flag_meanings"])
"""Attributes by which the CF conventions mark categories: a mean of two of them means nothing."""


@dataclass(frozen=True)
class KernelChoice:
    """The kernels of a call. None stands for "auto"."""

    default: Kernel | None
    by_name: Mapping[Hashable, Kernel | None] = field(default_factory=dict)
    by_type: Mapping[Any, Kernel | None] = field(default_factory=dict)

    @classmethod
    def from_user(cls, interp: Interp, obj: xr.DataArray | xr.Dataset) -> KernelChoice:
        """Return what `interp` means for the variables of an object.

        Raises
        ------
        InvalidInputError
            If there is no interpolation of a name, or a key is neither a variable nor a type.
        UnsupportedDtypeError
            If what is given is no interpolation at all.
        """
        if not isinstance(interp, Mapping):
            return cls(_kernel(interp))
        names = set(obj.data_vars) if isinstance(obj, xr.Dataset) else {obj.name}
        by_name: dict[Hashable, Kernel | None] = {}
        by_type: dict[Any, Kernel | None] = {}
        for key, given in interp.items():
            kernel = _kernel(given)
            if key is ...:
                continue
            if key in names:
                by_name[key] = kernel
            elif (sample_type := _sample_type(key)) is not None:
                by_type[sample_type] = kernel
            elif isinstance(obj, xr.Dataset):
                raise InvalidInputError(
                    f"interp has the key {key!r}, which is neither one of the variables "
                    f"{sorted(names, key=str)} nor a dtype; `...` stands for all others",
                    "interp",
                )
        return cls(_kernel(interp.get(..., _AUTO)), by_name, by_type)

    def of(self, array: xr.DataArray) -> Kernel:
        """Return the kernel for a variable: by its name, else by the closest type, else the default."""
        if array.name in self.by_name:
            chosen = self.by_name[array.name]
        else:
            # `str` tells types of one layout apart that are the same to numpy, and knows their byte order.
            dtype = np.dtype(array.dtype.newbyteorder("=").str) if array.dtype.names is None else array.dtype
            closest = max(self.by_type, key=lambda given: _closeness(given, dtype), default=None)
            found = closest is not None and _closeness(closest, dtype) > 0
            chosen = self.by_type[closest] if found else self.default
        if chosen is not None:
            return chosen
        flags = array.dtype == np.bool_ or bool(_FLAGS & set(array.attrs))
        return kernel_of(get_interpolator("nearest" if flags else "cubic"))


def _kernel(interp: Any) -> Kernel | None:
    if isinstance(interp, str):
        if interp == _AUTO:
            return None
        interp = _ALIASES.get(interp, interp)
    return kernel_of(get_interpolator(interp))


def _sample_type(key: Any) -> Any:
    """Return the dtype, or the class of numpy scalars, that a key means; None if it is something else."""
    if isinstance(key, type) and issubclass(key, np.generic):
        return key
    # One letter is more often the name of a variable than a type: u, v, b, d.
    if isinstance(key, (np.dtype, type)) or (isinstance(key, str) and len(key) > 1):
        try:
            return np.dtype(key).newbyteorder("=")
        except TypeError:
            return None
    return None


def _closeness(given: Any, dtype: np.dtype[Any]) -> int:
    """Return how closely a type describes a dtype, 0 if not at all: the dtype, its class, a base of it."""
    if isinstance(given, np.dtype):
        return 100 if given == dtype else 0
    return len(given.__mro__) if issubclass(dtype.type, given) else 0
