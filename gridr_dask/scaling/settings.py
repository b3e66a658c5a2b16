"""What users set in dask's configuration under ``gridr.shared``."""

from __future__ import annotations

import dask
from dask.utils import parse_bytes

from gridr_dask.errors import InvalidInputError

__all__ = ["fraction_of", "threshold_of"]

dask.config.update_defaults({"gridr": {"shared": {"threshold": "1 MiB", "fraction": 0.3}}})


def threshold_of(given: int | str | None) -> int:
    """Return from how many bytes on a block is handed over; `gridr.shared.threshold` if none is given.

    Raises
    ------
    InvalidInputError
        If it is no positive number of bytes.
    """
    value = dask.config.get("gridr.shared.threshold") if given is None else given
    try:
        size = int(parse_bytes(value))
    except (AttributeError, TypeError, ValueError, OverflowError):
        size = 0
    if size < 1:
        raise InvalidInputError(
            f"gridr.shared.threshold={value!r} must be a number of bytes, such as '1 MiB'", "shared-threshold"
        )
    return size


def fraction_of(given: float | None) -> float:
    """Return which part of its memory a worker may share; `gridr.shared.fraction` if none is given.

    Raises
    ------
    InvalidInputError
        If it is no number from 0 to 1.
    """
    value = dask.config.get("gridr.shared.fraction") if given is None else given
    try:
        fraction = float(value)
    except (TypeError, ValueError):
        fraction = -1.0
    if not 0 <= fraction <= 1:
        raise InvalidInputError(
            f"gridr.shared.fraction={value!r} must be a number from 0, for nothing, to 1", "shared-fraction"
        )
    return fraction
