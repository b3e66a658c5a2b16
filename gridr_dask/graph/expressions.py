"""Arrays that are expressions, of the package ``dask-array`` or dask's own: brought to graphs, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
from dask.array.core import Array
from dask.core import flatten
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

__all__ = ["as_graph", "expression_like", "is_expression"]

_PACKAGE = "dask_array"
_OF_DASK = "dask.array._array_expr"
"""Where arrays are defined if ``array.query-planning`` is set; then `dask.array.Array` is one of them."""


def is_expression(array: object) -> bool:
    """Return whether an array is an expression. Nothing is imported to find out."""
    module = type(array).__module__
    return module.partition(".")[0] == _PACKAGE or module.startswith(_OF_DASK)


def as_graph(array: Any) -> Any:
    """Return an array with the graph of an expression, as its rules have optimized it; others as they are."""
    if not is_expression(array):
        return array
    layer = MaterializedLayer(dict(array.__dask_graph__()))
    graph = HighLevelGraph({array.name: layer}, {array.name: set()})
    return Array(graph, array.name, array.chunks, meta=array._meta)


def expression_like(array: object) -> Callable[[Array], Any] | None:
    """Return what makes expressions out of arrays with graphs, where those are what goes with an array.

    They stay lazy until they are optimized.
    """
    if type(array).__module__.partition(".")[0] == _PACKAGE:
        return _of_package
    return _of_dask if da.Array.__module__.startswith(_OF_DASK) else None


def _of_package(array: Array) -> Any:
    from dask_array.core import from_graph

    return from_graph(array.dask, array._meta, array.chunks, _keys(array), array.name)


def _of_dask(array: Array) -> Any:
    from dask.array._array_expr._collection import from_graph

    return from_graph(array.dask, array._meta, array.chunks, _keys(array), array.name)


def _keys(array: Array) -> list[Any]:
    return list(flatten(array.__dask_keys__()))
