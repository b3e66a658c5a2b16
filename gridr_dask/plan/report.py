"""What a lazy call will read, hold and write: numbers and a picture, before any pixel is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gridr_dask.geometry import Grid, Window
from gridr_dask.plan.chunks import Chunking, ChunkPlan
from gridr_dask.plan.memory import Load, at_most, parts_of_tasks
from gridr_dask.plan.picture import footprints

__all__ = ["LargestTask", "Plan"]


@dataclass(frozen=True)
class LargestTask:
    """The task that holds most: of which variable and target chunk, and what."""

    name: str
    target: Window
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """Its bytes."""
        return sum(self.parts.values())


@dataclass(frozen=True, repr=False)
class Plan:
    """The plan of a lazy call, from `ds.gridr.plan`. It holds no pixels and can be pickled.

    Attributes
    ----------
    each : tuple of ChunkPlan
        The target chunks and the taps that they need, for each variable; one and the same for those of one
        kernel.
    grid : Grid
        Shape and spacing of the nodes.
    node_bytes : int
        Bytes that a task holds for each node.
    loads : tuple of Load
        The variables.
    joined : Chunking, optional
        Chunks of the target, of which the planned ones are parts.
    """

    each: tuple[ChunkPlan, ...]
    grid: Grid
    node_bytes: int
    loads: tuple[Load, ...]
    joined: Chunking | None = None

    @property
    def chunks(self) -> ChunkPlan:
        """The target chunks, and the taps that the kernel with most of them needs."""
        return max(self.each, key=lambda plan: plan.kernel.last - plan.kernel.first)

    @property
    def windows(self) -> npt.NDArray[Any]:
        """Taps of each target chunk, ``(chunk rows, chunk cols, 4)``.

        Row start, row stop, column start and column stop, in source pixels and not clipped to the source;
        all 0 where a chunk sees no source. A B-spline reads more, around them. If variables have several
        kernels, those of the one with most taps.
        """
        return self.chunks.windows

    @property
    def tasks(self) -> int:
        """Number of tasks that make target chunks, or parts of them, and that put parts together."""
        counts = [prod(chunks.shape) for chunks in (self.chunks.target, self.joined) if chunks is not None]
        return sum(counts) * sum(load.blocks for load in self.loads)

    @property
    def peak(self) -> int:
        """Bytes that the largest task holds, as projected."""
        return self.largest().total

    @cached_property
    def at_most(self) -> int:
        """A quick bound of `peak`."""
        heights, widths = self._nodes
        nodes = int(heights.max(initial=0) * widths.max(initial=0)) * self.node_bytes
        parts = max(at_most(load, chunks, nodes) for load, chunks in self._pairs())
        return max([parts, *(task.total for task in self._joining())])

    def largest(self) -> LargestTask:
        """Return the task that holds most."""
        found = self._joining()
        for load, chunks in self._pairs():
            parts = parts_of_tasks(load, chunks, self._node_bytes)
            i, j = _largest(_sum(parts))
            part = {name: int(sizes[i, j]) for name, sizes in parts.items()}
            found.append(LargestTask(load.name, chunks.window(i, j), part))
        return max(found, key=lambda task: task.total)

    def totals(self) -> npt.NDArray[np.int64]:
        """Return the bytes that the tasks of the planned chunks hold: of the variable that needs most."""
        each = [_sum(parts_of_tasks(load, chunks, self._node_bytes)) for load, chunks in self._pairs()]
        return np.maximum.reduce(each)  # type: ignore[no-any-return]

    def _joining(self) -> list[LargestTask]:
        """Return the largest tasks that put parts together, one for each variable."""
        if self.joined is None:
            return []
        sizes = np.multiply.outer(*self.joined.sizes)
        i, j = _largest(sizes)
        held = [
            {"parts": size, "result": size}
            for size in (int(sizes[i, j]) * n.target_bytes for n in self.loads)
        ]
        window = self.joined.window(i, j)
        return [LargestTask(load.name, window, parts) for load, parts in zip(self.loads, held, strict=True)]

    def _pairs(self) -> Iterator[tuple[Load, ChunkPlan]]:
        return zip(self.loads, self.each, strict=True)

    @property
    def _nodes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows and columns of the nodes around each target chunk."""
        target = self.chunks.target
        rows, cols = self.grid.nodes_of_chunks(target.rows, target.cols)
        return rows[:, 1] - rows[:, 0], cols[:, 1] - cols[:, 0]

    @property
    def _node_bytes(self) -> npt.NDArray[np.int64]:
        sizes: npt.NDArray[np.int64] = np.multiply.outer(*self._nodes) * self.node_bytes
        return sizes

    def summary(self) -> dict[str, Any]:
        """Return what a call costs, by name.

        ``source`` is "blocks" if dask reads them and hands them to all tasks that need them, "direct" if
        tasks read the source themselves, and "both" if that differs between variables. ``bytes read``
        counts a block once, and a chunk of a store each time. ``read amplification`` is how often one is
        handed to a task, or read, on average, weighted by size. ``largest task`` says which one holds the
        ``projected peak bytes``.
        """
        largest = self.largest()
        read, handed, distinct, blind = 0, 0, 0, 0
        for load, chunks in self._pairs():
            blind += int((~chunks.seen).sum()) * load.blocks
            pixel = load.itemsize * load.all_bands
            times, once = (pixels * pixel for pixels in chunks.handed(load.source))
            handed, distinct = handed + times, distinct + once
            read += times if load.source_is_stored else once
        return {
            "tasks": self.tasks,
            "tasks without source": blind,
            "source": self._source(),
            "bytes read": read,
            "read amplification": round(handed / distinct, 3) if distinct else 0.0,
            "largest task": {
                "variable": largest.name,
                "target": {"rows": list(largest.target.rows), "cols": list(largest.target.cols)},
                "bytes": largest.parts,
            },
            "projected peak bytes": largest.total,
        }

    def _source(self) -> str:
        direct = {load.source_is_stored for load in self.loads}
        return "both" if len(direct) > 1 else "direct" if True in direct else "blocks"

    def to_json(self) -> str:
        """Return the summary, the target chunks and their windows as JSON."""
        target = self.chunks.target
        return json.dumps(
            {
                "summary": self.summary(),
                "source shape": list(self.chunks.source_shape),
                "target": {"rows": target.rows, "cols": target.cols},
                "kernel": self.chunks.kernel.name,
                "windows": self.windows.tolist(),
            }
        )

    def __repr__(self) -> str:
        lines = [f"{name}: {value}" for name, value in self._lines()]
        return "\n".join(["<gridr_dask.Plan>", *(f"    {line}" for line in lines)])

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"
            for name, value in self._lines()
        )
        return (
            "<div style='display:flex;gap:2em;align-items:center;flex-wrap:wrap'>"
            f"<table>{rows}</table><figure style='margin:0'>{footprints(self.chunks, self.loads[0].source)}"
            "<figcaption>The source with its blocks, and the window that each target chunk reads:<br>"
            "from the first row of chunks in blue to the last one in red.</figcaption></figure></div>"
        )

    def _lines(self) -> Iterator[tuple[str, str]]:
        """Yield the summary for people."""
        summary, largest = self.summary(), self.largest()
        (rows, cols), shape = self.chunks.target.shape, self.chunks.source_shape
        yield "variables", ", ".join(load.name for load in self.loads)
        yield "source", f"{shape[0]} x {shape[1]} pixels"
        if self.joined is None:
            yield "target chunks", f"{rows} x {cols}"
        else:
            yield "target chunks", "{} x {}, in parts: ".format(*self.joined.shape) + f"{rows} x {cols}"
        yield "tasks", f"{self.tasks}, {summary['tasks without source']} of them without source"
        amplification = summary["read amplification"]
        how = {
            "blocks": f"each block for {amplification:.2f} tasks on average",
            "direct": f"by the tasks, each chunk {amplification:.2f} times",
            "both": f"each block or chunk used {amplification:.2f} times",
        }
        yield "read", f"{_bytes(summary['bytes read'])}, {how[summary['source']]}"
        parts = ", ".join(f"{name} {_bytes(size)}" for name, size in largest.parts.items())
        yield "largest task", f"{_bytes(largest.total)} ({parts}), {largest.target} of {largest.name}"


def _sum(parts: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.add.reduce(list(parts.values()))  # type: ignore[no-any-return]


def _largest(sizes: npt.NDArray[np.int64]) -> tuple[int, int]:
    i, j = np.unravel_index(int(sizes.argmax()), sizes.shape)
    return int(i), int(j)


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}" if size < 999.5 else f"{size:.0f} {unit}"
