"""A lazy object that is never whole: pieces, each of which is planned when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

__all__ = ["Region", "Supertiles"]

Region: TypeAlias = dict[Any, slice]
"""Part of the target, as `isel` and the `region` of xarray's `to_zarr` take it."""

Sizes: TypeAlias = tuple[int, ...]
"""Sizes of chunks along an axis."""


@dataclass(frozen=True, repr=False)
class Supertiles:
    """A lazy call in pieces, from `ds.gridr.supertiles`: iterating over it plans one after the other.

    Yields pairs of a region of the target and the lazy object that belongs there. `gridr_dask.to_zarr` writes
    them.

    Attributes
    ----------
    template : DataArray or Dataset, or a pair of them
        What the pieces would be together: dims, coordinates, attributes and types, but no samples.
    chunks : mapping of dim to tuple of int
        Chunks of the target along its row dim and its column dim.
    side : int
        Chunks along a side of a piece.
    make : callable
        Returns the piece of a region, whose chunks have the given sizes.
    """

    template: Any
    chunks: Mapping[Hashable, Sizes]
    side: int
    make: Callable[[Region, tuple[Sizes, Sizes]], Any]

    def __len__(self) -> int:
        rows, cols = (-(-len(sizes) // self.side) for sizes in self.chunks.values())
        return rows * cols

    def __iter__(self) -> Iterator[tuple[Region, Any]]:
        for rows, cols in product(*(_parts(sizes, self.side) for sizes in self.chunks.values())):
            region = dict(zip(self.chunks, (rows[0], cols[0]), strict=True))
            yield region, self.make(region, (rows[1], cols[1]))

    def map(self, function: Callable[[Any], Any]) -> Supertiles:
        """Return the pieces as a function changes them, which it must do to the template too.

        It must keep the sizes of the spatial dims, and look at no pixel but the one that it changes.

        Examples
        --------
        >>> import numpy as np, xarray as xr, gridr_dask
        >>> image = xr.DataArray(np.ones((10, 10)), dims=("y", "x"), name="height")
        >>> tiles = image.gridr.supertiles(np.mgrid[:8, :8] + 0.5, chunks=2, side=2, return_mask=True)
        >>> tiles = tiles.map(lambda pair: pair[0].to_dataset().assign(valid=pair[1]))
        >>> [int(piece.valid.sum()) for _, piece in tiles]
        [9, 12, 12, 16]
        """
        made = replace(self, template=function(self.template))
        return replace(made, make=lambda region, sizes: function(self.make(region, sizes)))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{dim}: {sum(sizes)}" for dim, sizes in self.chunks.items())
        return (
            f"<gridr_dask.Supertiles: {len(self)} pieces of up to {self.side} x {self.side} chunks, {sizes}>"
        )


def _parts(sizes: Sizes, side: int) -> list[tuple[slice, Sizes]]:
    """Return parts of an axis, of up to `side` chunks each, and the sizes of these."""
    parts, start = [], 0
    for k in range(0, len(sizes), side):
        here = sizes[k : k + side]
        parts.append((slice(start, start + sum(here)), here))
        start += sum(here)
    return parts
