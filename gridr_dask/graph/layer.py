"""A layer of a dask graph that makes its tasks when they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Set
from itertools import product
from math import prod
from typing import Any, Protocol

from dask._task_spec import GraphNode, Task, TaskRef
from dask.base import clone_key
from dask.highlevelgraph import Layer, MaterializedLayer

__all__ = ["BlockLayer", "Recipe", "TaskLayer"]

Key = Any
Index = tuple[int, ...]


class Recipe(Protocol):
    """Knows the task of each block of an array: a small value, for it goes to the scheduler."""

    def task(self, key: Key, index: Index) -> GraphNode:
        """Return the task of one block, under `key`."""


class BlockLayer(Layer):
    """The blocks of an array, ``(name, i, j, ...)``, each made by a recipe when dask asks for it.

    Until then it is as large as the recipe: it is built, sent to a scheduler and cut down to some
    blocks without a look at the others.

    Parameters
    ----------
    name : str
        First item of each key.
    numblocks : tuple of int
        Number of blocks along each axis.
    recipe : Recipe
        Makes the tasks.
    """

    has_legacy_tasks = False
    """Otherwise dask lists all keys of a graph whenever it cuts it down."""

    def __init__(self, name: str, numblocks: tuple[int, ...], recipe: Recipe) -> None:
        super().__init__()
        self.name = name
        self.numblocks = numblocks
        self.recipe = recipe

    def is_materialized(self) -> bool:
        """Return False: no task is held."""
        return False

    def get_output_keys(self) -> Set[Key]:
        """Return the keys of all blocks, as a view."""
        return self.keys()

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, tuple) or len(key) != len(self.numblocks) + 1 or key[0] != self.name:
            return False
        return all(
            isinstance(k, int) and 0 <= k < count for k, count in zip(key[1:], self.numblocks, strict=True)
        )

    def __getitem__(self, key: Key) -> GraphNode:
        if key not in self:
            raise KeyError(key)
        return self.recipe.task(key, key[1:])

    def __iter__(self) -> Iterator[Key]:
        return product([self.name], *map(range, self.numblocks))

    def __len__(self) -> int:
        return prod(self.numblocks)

    def cull(self, keys: set[Key], all_hlg_keys: Collection[Key]) -> tuple[Layer, Mapping[Key, set[Key]]]:
        """Return a layer of those tasks that `keys` name, and what each of them depends on."""
        tasks = TaskLayer({key: self[key] for key in keys if key in self}, self.annotations)
        return tasks, {key: set(task.dependencies) for key, task in tasks.items()}

    def clone(self, keys: set[Key], seed: Hashable, bind_to: Key | None = None) -> tuple[Layer, bool]:
        """Return the layer with other keys; see `TaskLayer.clone`."""
        return TaskLayer(dict(self), self.annotations).clone(keys, seed, bind_to)


class TaskLayer(MaterializedLayer):
    """Tasks that were made. dask clones a layer of such tasks wrongly: it looks for tuples."""

    has_legacy_tasks = False

    def clone(self, keys: set[Key], seed: Hashable, bind_to: Key | None = None) -> tuple[Layer, bool]:
        """Return the layer with those keys renamed, and whether a task was made to wait for `bind_to`.

        Parameters
        ----------
        keys : set
            Keys of this layer and of others that get a new name.
        seed : hashable
            Goes into the new names.
        bind_to : key, optional
            What tasks wait for that depend on no renamed key.
        """
        tasks, bound = {}, False
        for key, task in self.items():
            if key in keys:
                renamed = {k: clone_key(k, seed) for k in task.dependencies if k in keys}
                key = clone_key(key, seed)
                task = task.substitute(renamed, key=key)
                if bind_to is not None and not renamed:
                    task, bound = Task(key, _first, task, TaskRef(bind_to)), True
            tasks[key] = task
        return TaskLayer(tasks, self.annotations), bound


def _first(value: Any, _: Any) -> Any:
    return value
