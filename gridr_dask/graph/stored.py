"""Arrays that xarray has not read yet, such as those of ``xr.open_zarr(..., chunks=None)``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from dask._task_spec import DataNode
from dask.array.core import Array, normalize_chunks
from dask.highlevelgraph import HighLevelGraph
from dask.tokenize import tokenize
from xarray.core.indexing import ExplicitlyIndexed

from gridr_dask.graph.expressions import as_graph
from gridr_dask.graph.layer import TaskLayer

__all__ = ["Stored", "data_of", "read"]

_UNKNOWN = 256
"""Rows and columns of chunks of a store that does not say how it is cut."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An array of which windows are read where they are needed.

    In a graph it is one small task, whatever the size of the array: how to open the store.
    """

    variable: xr.Variable

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes."""
        return tuple(self.variable.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples."""
        dtype: np.dtype[Any] = self.variable.dtype
        return dtype

    @cached_property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """How the store is cut, as far as it says."""
        known = self.variable.encoding.get("preferred_chunks", {})
        sizes = tuple(
            known.get(dim, max(min(n, _UNKNOWN), 1))
            for dim, n in zip(self.variable.dims, self.shape, strict=True)
        )
        try:
            return tuple(normalize_chunks(sizes, self.shape))
        except ValueError:  # Listed sizes, of a whole of which this is a part.
            return tuple(
                normalize_chunks(tuple(s if isinstance(s, int) else max(s) for s in sizes), self.shape)
            )

    @cached_property
    def name(self) -> str:
        """Key of the task."""
        # Not of the variable, whose own token is that of its samples, all of them.
        return f"gridr-stored-{tokenize(self.variable._data)}"

    @property
    def dask(self) -> HighLevelGraph:
        """The graph of the task."""
        layer = TaskLayer({self.name: DataNode(self.name, self)})
        return HighLevelGraph({self.name: layer}, {self.name: set()})

    def in_blocks(self) -> Array:
        """Return a dask array of the chunks of the store."""
        # An expression where dask's own ones are on.
        chunked = self.variable.chunk(dict(zip(self.variable.dims, self.chunks, strict=True))).data
        blocks: Array = as_graph(chunked)
        return blocks

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self.variable, dtype)


def data_of(array: xr.DataArray | xr.Variable) -> Any:
    """Return what an object holds: an array in memory or of dask, or a `Stored` one if it is not read yet."""
    variable = array if isinstance(array, xr.Variable) else array.variable
    if variable._in_memory or not isinstance(variable._data, ExplicitlyIndexed):
        return variable.data
    # Indexed, for xarray keeps in a variable what was read of it, and would send it along.
    return Stored(variable[...])


def read(stored: Stored, window: tuple[slice, ...]) -> npt.NDArray[Any]:
    """Return a window of an array, read now."""
    return stored.variable[window].to_numpy()
