"""Arrays of the package ``dask-array``, which are expressions: brought to graphs, and back."""

from __future__ import annotations

from typing import Any

import dask.array as da
from dask.core import flatten
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

__all__ = ["as_expression", "from_expression", "is_expression"]


def is_expression(array: object) -> bool:
    """Return whether an array is an expression. The package is not imported to find out."""
    return type(array).__module__.partition(".")[0] == "dask_array"


def from_expression(array: Any) -> da.Array:
    """Return an array with the graph of an expression, as its own rules have optimized it."""
    layer = MaterializedLayer(dict(array.__dask_graph__()))
    graph = HighLevelGraph({array.name: layer}, {array.name: set()})
    return da.Array(graph, array.name, array.chunks, meta=array._meta)


def as_expression(array: da.Array) -> Any:
    """Return an expression of an array with a graph, which stays lazy until it is optimized."""
    from dask_array.core import from_graph

    keys = list(flatten(array.__dask_keys__()))
    return from_graph(array.dask, array._meta, array.chunks, keys, array.name)
