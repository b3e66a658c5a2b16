"""What users set, in dask's configuration under ``gridr`` or in the environment; read at each call."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import dask
import yaml
from dask.utils import parse_bytes

from gridr_dask.errors import InvalidInputError

__all__ = [
    "BACKEND_VARIABLE",
    "MIN_FREE_VARIABLE",
    "shared_backend",
    "shared_fraction",
    "shared_reserve",
    "shared_threshold",
    "task_memory",
]

BACKEND_VARIABLE = "GRIDR_SHARED_MEMORY_BACKEND"
MIN_FREE_VARIABLE = "GRIDR_SHM_MIN_FREE"

_DEFAULTS = Path(__file__).with_name("gridr.yaml")
dask.config.update_defaults(yaml.safe_load(_DEFAULTS.read_text()))


def task_memory() -> int:
    """Return how many bytes a task may hold.

    Raises
    ------
    InvalidInputError
        If the setting is no positive number of bytes.
    """
    value, said = _configured("task-memory")
    return _bytes(value, said, "task-memory", least=1)


def shared_backend() -> tuple[object, str]:
    """Return where shared arrays go, not yet checked, and how the setting is named in an error."""
    return _configured("shared.backend")


def shared_reserve() -> int:
    """Return how many bytes of /dev/shm an automatic choice leaves free; less than 0 is nothing.

    Raises
    ------
    InvalidInputError
        If the variable, or else the setting, is no number of bytes.
    """
    value, said = _configured("shared.shm-min-free")
    if MIN_FREE_VARIABLE in os.environ:
        value = os.environ[MIN_FREE_VARIABLE]
        said = f"{MIN_FREE_VARIABLE}={value!r}"
    return _bytes(value, said, "shm-min-free")


def shared_threshold(threshold: int | str | None = None) -> int:
    """Return from how many bytes on a block is handed over: what is given, else what is configured.

    Raises
    ------
    InvalidInputError
        If it is no positive number of bytes.
    """
    value, said = _given("threshold", threshold)
    return _bytes(value, said, "shared-threshold", least=1)


def shared_fraction(fraction: float | None = None) -> float:
    """Return which part of its memory a worker may share: what is given, else what is configured.

    Raises
    ------
    InvalidInputError
        If it is no number from 0 to 1.
    """
    value, said = _given("fraction", fraction)
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1.0
    if not 0 <= found <= 1:
        raise InvalidInputError(f"{said} must be a number from 0, for nothing, to 1", "shared-fraction")
    return found


def _given(name: str, value: object) -> tuple[Any, str]:
    """Return an argument, or the setting of `gridr.shared` that stands for it, as `_configured` does."""
    return _configured(f"shared.{name}") if value is None else (value, f"{name}={value!r}")


def _configured(key: str) -> tuple[Any, str]:
    """Return a setting, and how it is named in an error."""
    value = dask.config.get(f"gridr.{key}")
    return value, f"gridr.{key}={value!r} in dask's configuration"


def _bytes(value: object, said: str, code: str, *, least: int | None = None) -> int:
    """Return a number of bytes that was written as a number or a text."""
    try:
        size = _parsed(value)
        if least is not None and size < least:
            raise ValueError(size)
    except (TypeError, ValueError, OverflowError):
        positive = "" if least is None else "positive "
        raise InvalidInputError(
            f"{said} must be a {positive}number of bytes, such as 67108864 or '64 MiB'", code
        ) from None
    return size


def _parsed(value: object) -> int:
    if isinstance(value, int | float):
        return int(value)
    text = str(value)
    # dask takes "MiB" for one of them, and has no way to say -1.
    return int(parse_bytes(text)) if re.match(r"\s*[\d.]+\s*[a-zA-Z]", text) else int(text)
