"""Arrays that several processes of one host see without copying them."""

from __future__ import annotations

from typing import Any

from gridr_dask.scaling.choice import BackendChoice, explain_backend, get_backend, set_backend
from gridr_dask.scaling.segments import remove_orphans
from gridr_dask.scaling.shared_array import SharedArray, create_and_register, shared_array_wrap

_OF_PLUGIN = ("SharedMemoryPlugin", "explain")

__all__ = [
    "BackendChoice",
    "SharedArray",
    "SharedMemoryPlugin",
    "create_and_register",
    "explain",
    "explain_backend",
    "get_backend",
    "remove_orphans",
    "set_backend",
    "shared_array_wrap",
]


def __getattr__(name: str) -> Any:
    # Late: who imports the package need not load distributed.
    if name in _OF_PLUGIN:
        from gridr_dask.scaling import plugin

        return getattr(plugin, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
