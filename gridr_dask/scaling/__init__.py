"""Arrays that several processes of one host see without copying them."""

from __future__ import annotations

from typing import Any

__all__ = ["SharedMemoryPlugin", "explain"]


def __getattr__(name: str) -> Any:
    # Late: who imports the package need not load distributed.
    if name in __all__:
        from gridr_dask.scaling import plugin

        return getattr(plugin, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
