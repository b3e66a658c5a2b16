from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DEBUG", "__version__", "instruction_sets", "kernels", "max_size", "resample"]

__version__: str
DEBUG: bool

_Array = npt.NDArray[Any]
_Span = tuple[int, int]

def resample(
    source: tuple[list[_Array], list[_Span], list[_Span], tuple[int, int], tuple[int, int]],
    grid: tuple[_Array, _Array, tuple[int, int], tuple[int, int]],
    target: tuple[int, int, int, int],
    out: tuple[_Array, npt.NDArray[np.bool_] | None, _Array],
    how: tuple[str, int, str | None],
) -> None: ...
def kernels() -> list[tuple[str, int, int, bool]]: ...
def instruction_sets() -> list[str]: ...
def max_size() -> int: ...
