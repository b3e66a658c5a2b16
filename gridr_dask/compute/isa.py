"""The instruction set that the engine runs on: chosen at run time, forced by the environment."""

import os
from functools import cache

from gridr_dask import _core

__all__ = ["VARIABLE", "available", "chosen"]

VARIABLE = "GRIDR_DASK_ISA"
"""Environment variable that forces an instruction set; read at each call."""


def available() -> list[str]:
    """Return the instruction sets that this CPU can run, best last."""
    return _core.instruction_sets()


def chosen() -> str:
    """Return the instruction set in force: that of the environment, else the best one."""
    return os.environ.get(VARIABLE) or _best()


@cache
def _best() -> str:
    return available()[-1]
