from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

__all__ = [
    "DEBUG",
    "PIECES",
    "__version__",
    "instruction_sets",
    "kernels",
    "max_size",
    "position_hulls",
    "resample",
    "warm_up",
]

__version__: str
DEBUG: bool
PIECES: tuple[int, int]

_Array = npt.NDArray[Any]
_Span = tuple[int, int]

class _Blocks(TypedDict):
    blocks: list[_Array]
    rows: list[_Span]
    cols: list[_Span]

class _Frame(TypedDict):
    shape: tuple[int, int]
    origin: tuple[int, int]
    boundary: str
    trusted: bool
    safe: tuple[int, int, int, int] | None

class _Nodes(TypedDict):
    rows: _Array
    cols: _Array
    first: tuple[int, int]
    resolution: tuple[int, int]
    shift: tuple[float, float]

class _Out(TypedDict):
    values: _Array
    valid: npt.NDArray[np.bool_] | None
    fill: _Array

class _How(TypedDict):
    kernel: str
    epsilon: float
    influence: tuple[int, int]
    prefiltered: bool
    threads: int
    isa: str | None

def resample(
    source: _Blocks,
    mask: _Blocks | None,
    bands: _Blocks | None,
    frame: _Frame,
    grid: _Nodes,
    target: tuple[int, int, int, int],
    out: _Out,
    how: _How,
) -> None: ...
def kernels() -> list[tuple[str, int, int, bool, int, int, list[float], float]]: ...
def warm_up(kernel: str, epsilon: float) -> int: ...
def instruction_sets() -> list[str]: ...
def max_size() -> int: ...
def position_hulls(
    rows: _Array,
    cols: _Array,
    resolution: tuple[int, int],
    row_ends: npt.NDArray[np.int64],
    col_ends: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]: ...
