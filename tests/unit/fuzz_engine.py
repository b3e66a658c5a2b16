"""Throw random arguments at the extension: ``python fuzz_engine.py SEED COUNT``.

Run in a process of its own, whose exit code tells whether it was brought down. Prints how many calls
were refused and how many worked. The call in progress stands in the traceback of a crash.
"""

import random
import sys
from itertools import pairwise

import numpy as np

from gridr_dask import _core  # noqa: TID251 - the extension is what is tested here
from gridr_dask.errors import GridrError

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "f8", "f8", "f2", "c8", ">f8"]
NUMBERS = [-(2**63), -(2**31), -1, 0, 0, 1, 2, 3, 5, 7, 2**24, 2**31, 2**40, 2**62, 2**63 - 1]
COORDINATES = [np.nan, np.inf, -np.inf, 1e300, -1e300, 2.0**31, -0.5, 0.0, 0.5, 1.0, 2.5, 1e9]


BOUNDARIES = ["none", "none", "constant", "edge", "reflect", "symmetric", "wrap"]


class Fuzzer:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        # Each call is mostly sound, so that it gets past the first checks.
        self.oddness = 0.0

    def odd(self) -> bool:
        return self.random.random() < self.oddness

    def number(self, sound: int) -> int:
        return self.random.choice(NUMBERS) if self.odd() else sound

    def pair(self, sound: tuple[int, int]) -> tuple[int, int]:
        return self.number(sound[0]), self.number(sound[1])

    def dtype(self, sound: str) -> str:
        return self.random.choice(DTYPES) if self.odd() else sound

    def array(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """An array of about this shape, with strides of all kinds."""
        shape = tuple(self.random.randrange(4) if self.odd() else n for n in shape)
        if self.odd():
            shape = shape[self.random.randrange(3) :]
        if self.odd():
            shape = (self.random.randrange(4), *shape)
        dtype = self.dtype(dtype)
        kind = self.random.randrange(8)
        if kind == 0:
            return np.zeros(tuple(2 * n for n in shape), dtype)[(..., *[slice(None, None, 2)] * len(shape))]
        if kind == 1:
            return np.zeros(shape[::-1], dtype).T
        if kind == 2:
            return np.zeros(shape, dtype)[(..., *[slice(None, None, -1)] * len(shape))]
        if kind == 3 and self.odd():
            return np.broadcast_to(np.zeros((), dtype), shape)
        if kind == 4 and self.odd():
            size = np.dtype(dtype).itemsize * int(np.prod(shape))
            return np.zeros(size + 1, "u1")[1:].view(dtype).reshape(shape)
        return np.asarray(self.numpy.normal(size=shape) * 20).astype(dtype)

    def spans(self, size: int) -> list[tuple[int, int]]:
        cuts = (
            sorted(self.random.sample(range(1, size), min(self.random.randrange(3), size - 1)))
            if size > 1
            else []
        )
        edges = [0, *cuts, size]
        spans = list(pairwise(edges))
        return [self.pair(span) for span in spans[self.odd() :]]

    def coordinates(self, shape: tuple[int, int], size: int) -> np.ndarray:
        nodes = self.array(shape, self.random.choice(["f4", "f8"]))
        if nodes.dtype.kind == "f" and nodes.dtype.itemsize > 2 and nodes.flags.writeable and nodes.size:
            nodes[...] = self.numpy.uniform(-2, size + 2, nodes.shape)
            if self.random.random() < 0.5:
                flat = self.random.randrange(nodes.size)
                with np.errstate(over="ignore"):
                    nodes[np.unravel_index(flat, nodes.shape)] = self.random.choice(COORDINATES)
        return nodes

    def arguments(self) -> dict:
        self.oddness = self.random.choice([0.0, 0.02, 0.1])
        pick = self.random.randrange
        shape, planes, target = (pick(9), pick(9)), pick(3), (pick(70), pick(150))
        spacing = self.random.choice([(1, 1), (2, 3), (10, 10), (1, 5)])
        start = pick(20), pick(20)
        first = tuple(s // step for s, step in zip(start, spacing, strict=True))
        count = tuple(
            (s + n) // step + 2 - f for s, n, step, f in zip(start, target, spacing, first, strict=True)
        )
        dtype = self.random.choice(DTYPES[:13])
        out_dtype = self.random.choice([dtype, "f8", "u1"])
        rows, cols = self.spans(shape[0]), self.spans(shape[1])
        blocks = [
            self.array((planes, max(0, min(b - a, 20)), max(0, min(d - c, 20))), dtype)
            for a, b in rows
            for c, d in cols
        ]
        valid_shape = self.random.choice([target, (planes, *target)])
        coordinates = [self.coordinates(count, n) for n in shape]
        ends = [self.pair((s, s + n)) for s, n in zip(start, target, strict=True)]
        return {
            "source": {"blocks": blocks[self.odd() :], "rows": rows, "cols": cols},
            "mask": self.validity(shape),
            "bands": self.validity((planes, *shape)),
            "frame": {
                "shape": self.pair(shape),
                "origin": self.pair((0, 0)),
                "boundary": self.random.choice(BOUNDARIES),
                "trusted": self.random.random() < 0.5,
                "safe": self.random.choice([None, (*self.pair((0, 2)), *self.pair((1, 3)))]),
            },
            "grid": {
                "rows": coordinates[0],
                "cols": coordinates[1],
                "first": self.pair(first),
                "resolution": self.pair(spacing),
                "shift": self.random.choice([(0.0, 0.0), (0.25, -3.0)]),
            },
            "target": (*ends[0], *ends[1]),
            "out": {
                "values": self.array((planes, *target), out_dtype),
                "valid": self.random.choice([None, self.array(valid_shape, "?")]),
                "fill": self.array((planes, 1, 1), out_dtype),
            },
            "how": {
                "kernel": self.random.choice([row[0] for row in _core.kernels()]),
                "epsilon": 1e-300 if self.odd() else self.random.choice([1.0, 1e-3, 1e-6]),
                "influence": self.random.choice([(0, 0), (1, 2), (3, 3), (2**20, 2**20)]),
                "prefiltered": self.random.random() < 0.2,
                "threads": self.random.choice([0, 1, 2, 3]),
                "isa": self.random.choice([None, *_core.instruction_sets()]),
            },
        }

    def validity(self, shape: tuple[int, ...]) -> dict | None:
        if self.random.random() < 0.7:
            return None
        block = self.array(shape, self.random.choice(["?", "u1"]))
        rows, cols = ([self.pair((0, n))] for n in shape[-2:])
        return {"blocks": [block], "rows": rows, "cols": cols}


def main(seed: int, count: int) -> None:
    fuzzer = Fuzzer(seed)
    refused = 0
    for _ in range(count):
        arguments = fuzzer.arguments()
        try:
            # Anything but a named error, a Rust panic too, ends the process.
            _core.resample(**arguments)
        except GridrError:
            refused += 1
    print(refused, count - refused)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
