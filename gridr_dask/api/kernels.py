"""Which variable is interpolated how: one kernel for all, or one by name, by type, or by what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from gridr_dask.api.choices import Choice
from gridr_dask.compute import get_interpolator, kernel_of
from gridr_dask.compute.interpolators import Interpolator
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

    choice: Choice[Kernel | None]

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
        return cls(Choice.from_user("interp", interp, obj, _AUTO, _kernel))

    def of(self, array: xr.DataArray) -> Kernel:
        """Return the kernel for a variable; "auto" looks at what it holds."""
        chosen = self.choice.of(array)
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
