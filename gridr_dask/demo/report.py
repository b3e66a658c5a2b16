"""What the parts of the demo have in common: comparing bytes, and saying what came out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Outcome", "announce", "compare", "megabytes", "peak_memory", "say"]


@dataclass(frozen=True)
class Outcome:
    """What a part of the demo left on disk: each path, and what it holds."""

    files: dict[Path, str]


def announce(number: int, title: str) -> None:
    """Print the title of a part."""
    print(f"\n{number}. {title}", flush=True)


def say(label: str, text: str) -> None:
    """Print one figure of a part."""
    print(f"   {label:<12} {text}", flush=True)


def compare(*pairs: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> None:
    """Compare what came out of chunks with the one-piece numpy result, byte for byte.

    Parameters
    ----------
    *pairs : (chunked, whole)
        Arrays to compare.

    Raises
    ------
    SystemExit
        If type, shape or any byte differs.
    """
    for chunked, whole in pairs:
        found, wanted = (f"{array.dtype} {array.shape}" for array in (chunked, whole))
        if found != wanted:
            raise SystemExit(f"FAILED: chunked is {found}, whole is {wanted}")
        # As bytes: NaN equals NaN, and -0.0 does not equal 0.0.
        first, second = (np.ascontiguousarray(array).view(np.uint8) for array in (chunked, whole))
        if not np.array_equal(first, second):
            raise SystemExit(f"FAILED: {np.count_nonzero(first != second):,} bytes differ")
    say("proof", f"chunked equals whole: all {sum(whole.nbytes for _, whole in pairs):,} bytes")


def peak_memory() -> int:
    """Return the largest resident size that this process has had so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not `ru_maxrss`, which a new process inherits from the one that started it.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def megabytes(size: float) -> str:
    """Return a number of bytes as text."""
    return f"{size / 2**20:,.0f} MiB"
