"""What users set in dask's configuration, under ``gridr``; read at each call."""

from __future__ import annotations

from pathlib import Path

import dask
import yaml
from dask.utils import parse_bytes

from gridr_dask.errors import InvalidInputError

__all__ = ["task_memory"]

_DEFAULTS = Path(__file__).with_name("gridr.yaml")
dask.config.update_defaults(yaml.safe_load(_DEFAULTS.read_text()))


def task_memory() -> int:
    """Return how many bytes a task may hold.

    Raises
    ------
    InvalidInputError
        If the setting is no positive number of bytes.
    """
    value = dask.config.get("gridr.task-memory")
    try:
        size = int(parse_bytes(value))
    except (AttributeError, TypeError, ValueError, OverflowError):
        size = 0
    if size < 1:
        raise InvalidInputError(
            f"gridr.task-memory={value!r} in dask's configuration must be a number of bytes, such as '1 GiB'",
            "task-memory",
        )
    return size
