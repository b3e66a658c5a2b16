"""Results into zarr: one dask task writes one whole shard."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import xarray as xr

from gridr_dask.errors import InvalidInputError
from gridr_dask.io.supertiles import Supertiles

__all__ = ["to_zarr"]

_OF_THE_VALUES = frozenset(
    [
        *("dtype", "scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned"),
        *("units", "calendar", "grid_mapping", "coordinates"),
    ]
)
"""Encoding that is true in any store; the rest is how another one wrote a variable, in codecs of its own."""


def to_zarr(
    obj: xr.DataArray | xr.Dataset | Supertiles,
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
    obj : DataArray, Dataset or Supertiles
        What to write; a DataArray needs a name. Variables without dask chunks are one shard. Pieces are
        written one after the other, and each is forgotten before the next is planned.
    store : path or zarr store
        Where to write.
    chunks : int
        Upper bound of the rows and columns of the chunks within a shard, which readers fetch one by
        one. Without `sharded`, a chunk is a dask chunk.
    sharded : bool
        Whether to pack the chunks into shards.
    **kwargs
        Handed to `xarray.Dataset.to_zarr`: ``mode``, ``compute``, ``consolidated``, ``encoding`` ...; pieces
        can't be combined with ``compute``, ``region`` and ``append_dim``.

    Returns
    -------
    ZarrStore, or Delayed with ``compute=False``
        As `xarray.Dataset.to_zarr`.

    Raises
    ------
    InvalidInputError
        If a variable has dask chunks of different sizes along a dim: zarr has one chunk size; rechunk.
    """
    if chunks < 1:
        raise InvalidInputError(f"chunks={chunks} must be at least 1", "chunks")
    sizes = obj.chunks if isinstance(obj, Supertiles) else {}
    dataset = _dataset(obj.template if isinstance(obj, Supertiles) else obj).copy()
    # Not given to xarray, which would forget the rest: packing, and where the CRS is.
    for variable in dataset.variables.values():
        variable.encoding = {k: value for k, value in variable.encoding.items() if k in _OF_THE_VALUES}
    for array in dataset.data_vars.values():
        array.encoding |= _encoding(array, sizes, chunks, sharded)
    given = kwargs.pop("encoding", None) or {}
    # Coordinates are not among what xarray allows here; it takes them from the variable.
    encoding = {
        name: {key: value for key, value in dataset[name].encoding.items() if key != "coordinates"}
        | dict(chosen)
        for name, chosen in given.items()
    }
    with _quiet():
        if isinstance(obj, Supertiles):
            return _write_pieces(obj, dataset, store, encoding, kwargs)
        return dataset.to_zarr(store, zarr_format=3, encoding=encoding, **kwargs)


def _write_pieces(
    tiles: Supertiles, template: xr.Dataset, store: Any, encoding: Mapping[Any, Any], options: dict[str, Any]
) -> Any:
    """Write what is in no piece and the metadata of what is, then the pieces."""
    refused = sorted({"compute", "region", "append_dim"} & set(options))
    if refused:
        raise InvalidInputError(
            f"{', '.join(refused)} can't go with supertiles, which are written now", refused[0]
        )
    pieced = [name for name, array in template.data_vars.items() if set(tiles.chunks) <= set(array.dims)]
    beside = {name: array.compute() for name, array in template.variables.items() if name not in pieced}
    # Not computed, so that of what is lazy only metadata is written.
    template.assign(beside).to_zarr(store, zarr_format=3, encoding=encoding, compute=False, **options)
    options.pop("mode", None)
    for region, piece in tiles:
        part = _dataset(piece)[pieced]
        # Attributes and coordinates are there already.
        result = part.drop_vars(part.coords).drop_attrs().to_zarr(store, region=region, **options)
    return result


def _dataset(obj: Any) -> xr.Dataset:
    if isinstance(obj, tuple):
        raise InvalidInputError(
            "a result and its validity can't be stored as a pair; make a Dataset of both, of supertiles with "
            "`.map(lambda pair: pair[0].to_dataset().assign(valid=pair[1]))`",
            "store",
        )
    if isinstance(obj, xr.Dataset):
        return obj
    if obj.name is None:
        raise InvalidInputError("a DataArray needs a name to be stored; use rename()", "name")
    dataset: xr.Dataset = obj.to_dataset()
    return dataset


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # Written all the same, by default: without them xarray opens the store with a warning.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part", UserWarning)
        yield


def _encoding(
    array: xr.DataArray, pieced: Mapping[Hashable, tuple[int, ...]], chunks: int, sharded: bool
) -> dict[str, Any]:
    """Return the zarr chunks of a variable, and its shards, which are its dask chunks.

    `pieced` has the dask chunks of dims along which it comes in pieces.
    """
    known = array.chunks or tuple((size,) for size in array.shape)
    pieces = [pieced.get(dim, given) for dim, given in zip(array.dims, known, strict=True)]
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
