"""The conditions of a measurement: without them its figures say little."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from gridr_dask.compute import isa
from gridr_dask.compute.threads import default_threads

LIBRARIES = ("gridr-dask", "numpy", "gridr", "scipy", "opencv-python-headless", "opencv-python", "torch")
_FEATURES = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx512", "asimd", "sve")
_ROOT = Path(__file__).parents[2]


def conditions() -> dict[str, str]:
    """Return what a reader must know of the machine, the engine and the libraries, name by name."""
    cores = psutil.cpu_count(logical=False), psutil.cpu_count()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _revision(),
        "CPU": _cpu("model name") or platform.processor() or platform.machine(),
        "CPU features": ", ".join(features()) or "unknown",
        "instruction set chosen": f"{isa.chosen()} of {', '.join(isa.available())}",
        "cores": f"{cores[0]} ({cores[1]} threads), {default_threads()} for this process",
        "load": f"{os.getloadavg()[0]:.1f} processes at the start"
        if hasattr(os, "getloadavg")
        else "unknown",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "platform": platform.platform(),
        "python": platform.python_version(),
        **versions(),
    }


def features() -> list[str]:
    """Return the CPU's vector extensions, as far as the system tells them."""
    flags = (_cpu("flags") or _cpu("Features")).split()
    return sorted(flag for flag in flags if flag in _FEATURES or flag.startswith("avx512"))


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cpu(field: str) -> str:
    """Return a field of the first core in Linux' list of them, or nothing."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in fields if name.strip() == field), "")


def _revision() -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=_ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
