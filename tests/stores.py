"""Arrays that were opened and not read, as xarray's backends give them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core.indexing import (
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)


class Backend(BackendArray):
    """An array as xarray's backends hold them: what is read of it is a copy."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key: ExplicitIndexer) -> np.ndarray:
        return explicit_indexing_adapter(
            key, self.shape, IndexingSupport.BASIC, lambda index: np.array(self.array[index])
        )


class Recording(Backend):
    """A store that knows what was read of it."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self.reads: list[tuple[int, ...]] = []

    def __getitem__(self, key: ExplicitIndexer) -> np.ndarray:
        part = super().__getitem__(key)
        self.reads.append(part.shape)
        return part


def opened(
    array: np.ndarray, dims: Sequence[str], chunks: Sequence[int], backend: type[Backend] = Backend
) -> xr.DataArray:
    """An array that was opened and not read, like one of a file with such chunks."""
    image = xr.DataArray(xr.Variable(dims, LazilyIndexedArray(backend(array))))
    image.encoding["preferred_chunks"] = dict(zip(dims, chunks, strict=True))
    return image
