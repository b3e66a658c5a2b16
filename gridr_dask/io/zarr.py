"""Results into zarr: one dask task writes one whole shard."""

from __future__ import annotations

import warnings
from typing import Any

import xarray as xr

from gridr_dask.errors import InvalidInputError

__all__ = ["to_zarr"]


def to_zarr(
    obj: xr.DataArray | xr.Dataset,
    store: Any,
    *,
    chunks: int = 512,
    sharded: bool = True,
    **kwargs: Any,
) -> Any:
    """Write an object to a zarr v3 store, a shard for each dask chunk.

    A shard is written by one task, whole, so that no two tasks ever touch the same file: concurrent
    writes to parts of a shard lose data. `xarray.open_zarr` reads the store back.

    Parameters
    ----------
    obj : DataArray or Dataset
        What to write; a DataArray needs a name. Variables without dask chunks are one shard.
    store : path or zarr store
        Where to write.
    chunks : int
        Upper bound of the rows and columns of the chunks within a shard, which readers fetch one by
        one. Without `sharded`, a chunk is a dask chunk.
    sharded : bool
        Whether to pack the chunks into shards.
    **kwargs
        Handed to `xarray.Dataset.to_zarr`: ``mode``, ``compute``, ``consolidated``, ``encoding`` ...

    Returns
    -------
    ZarrStore, or Delayed with ``compute=False``
        As `xarray.Dataset.to_zarr`.

    Raises
    ------
    InvalidInputError
        If a variable has dask chunks of different sizes along a dim: zarr has one chunk size; rechunk.
    """
    if isinstance(obj, xr.DataArray):
        if obj.name is None:
            raise InvalidInputError("a DataArray needs a name to be stored; use rename()", "name")
        dataset = obj.to_dataset()
    else:
        dataset = obj
    if chunks < 1:
        raise InvalidInputError(f"chunks={chunks} must be at least 1", "chunks")
    encoding = {name: _encoding(array, chunks, sharded) for name, array in dataset.data_vars.items()}
    for name, given in (kwargs.pop("encoding", None) or {}).items():
        encoding[name] = encoding.get(name, {}) | dict(given)
    with warnings.catch_warnings():
        # Written all the same, by default: without them xarray opens the store with a warning.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", UserWarning)
        return dataset.to_zarr(store, zarr_format=3, encoding=encoding, **kwargs)


def _encoding(array: xr.DataArray, chunks: int, sharded: bool) -> dict[str, Any]:
    """Return the zarr chunks of a variable, and its shards, which are its dask chunks."""
    pieces = array.chunks or tuple((size,) for size in array.shape)
    for dim, sizes in zip(array.dims, pieces, strict=True):
        if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
            raise InvalidInputError(
                f"{array.name!r} has chunks {sizes} along {dim!r}; zarr needs equal ones with a "
                f"smaller last: use .chunk()",
                "chunks",
            )
    shard = tuple(max(sizes[0], 1) for sizes in pieces)
    if not sharded or not shard:
        return {"chunks": shard} if shard else {}
    leading = len(shard) - 2
    inner = tuple(
        _even_part(size, chunks) if axis >= leading else 1 if size > 1 else size
        for axis, size in enumerate(shard)
    )
    return {"chunks": inner, "shards": shard}


def _even_part(size: int, limit: int) -> int:
    """Return the largest divisor of `size` up to `limit`, or `size` if all of them are tiny."""
    part = max(n for n in range(1, min(size, limit) + 1) if size % n == 0)
    return part if 4 * part >= min(size, limit) else size
