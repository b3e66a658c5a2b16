"""Arguments that differ between variables: one value for all, or a mapping by name or by type."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import xarray as xr

from gridr_dask.errors import InvalidInputError

__all__ = ["Choice"]

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Choice(Generic[_Value]):
    """The values of an argument: for variables of some names, samples of some types, and all others."""

    default: _Value
    by_name: Mapping[Hashable, _Value] = field(default_factory=dict)
    by_type: Mapping[Any, _Value] = field(default_factory=dict)

    @classmethod
    def from_user(
        cls,
        argument: str,
        given: Any,
        obj: xr.DataArray | xr.Dataset,
        default: Any,
        read: Callable[[Any], _Value],
    ) -> Choice[_Value]:
        """Return what an argument means for the variables of an object.

        Parameters
        ----------
        argument : str
            Its name, for errors.
        given : value, or mapping of name, type or ``...`` to values
            What the user gave.
        obj : DataArray or Dataset
            Has the names.
        default : value
            That of the argument, for what a mapping leaves out.
        read : callable
            Checks and translates a value.

        Raises
        ------
        InvalidInputError
            If a key is neither a variable nor a type.
        """
        if not isinstance(given, Mapping):
            return cls(read(given))
        names = set(obj.data_vars) if isinstance(obj, xr.Dataset) else {obj.name}
        by_name: dict[Hashable, _Value] = {}
        by_type: dict[Any, _Value] = {}
        for key, chosen in given.items():
            value = read(chosen)
            if key is ...:
                continue
            if key in names:
                by_name[key] = value
            elif (sample_type := _sample_type(key)) is not None:
                by_type[sample_type] = value
            elif isinstance(obj, xr.Dataset):
                raise InvalidInputError(
                    f"{argument} has the key {key!r}, which is neither one of the variables "
                    f"{sorted(names, key=str)} nor a dtype; `...` stands for all others",
                    argument.replace("_", "-"),
                )
        return cls(read(given.get(..., default)), by_name, by_type)

    def of(self, array: xr.DataArray) -> _Value:
        """Return the value for a variable: by its name, else by the closest type, else the default."""
        if array.name in self.by_name:
            return self.by_name[array.name]
        # `str` tells types of one layout apart that are the same to numpy, and knows their byte order.
        dtype = np.dtype(array.dtype.newbyteorder("=").str) if array.dtype.names is None else array.dtype
        closest = max(self.by_type, key=lambda given: _closeness(given, dtype), default=None)
        found = closest is not None and _closeness(closest, dtype) > 0
        return self.by_type[closest] if found else self.default


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
