"""What is installed and what the engine runs on: the first thing to put into a bug report."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

__all__ = ["show_versions"]

_REQUIRED = ("gridr-dask", "numpy", "dask", "distributed", "xarray", "zarr")
_OPTIONAL = ("rioxarray", "rasterio", "matplotlib", "scipy", "gridr")


def show_versions() -> None:
    """Print versions, the CPU's features and the instruction set that the engine runs on."""
    from gridr_dask import _core  # noqa: TID251 - a report on the engine itself
    from gridr_dask.compute import isa
    from gridr_dask.compute.threads import default_threads

    rows = [
        ("python", sys.version.split()[0]),
        ("platform", platform.platform()),
        ("CPU", f"{platform.machine()}, {default_threads()} threads for a call unless told otherwise"),
        ("instruction sets", ", ".join(isa.available())),
        ("chosen", f"{isa.chosen()} ({isa.VARIABLE} forces one)"),
        ("engine", "debug build: slow" if _core.DEBUG else "release build"),
    ]
    for package in _REQUIRED + _OPTIONAL:
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = "-"
        rows.append((package, version))
    for name, value in rows:
        print(f"{name:>16}  {value}")
