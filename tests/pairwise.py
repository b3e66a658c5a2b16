"""Few combinations of many factors: every two values of two factors meet in at least one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest

from gridr_dask.geometry import Boundary


def all_pairs(**factors: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield combinations, always the same ones, until every pair of values has occurred."""
    rng = random.Random(1)
    names = list(factors)
    missing = {
        ((a, i), (b, j)): None
        for a, b in combinations(names, 2)
        for i in range(len(factors[a]))
        for j in range(len(factors[b]))
    }

    def pairs_of(row: dict[str, int]) -> list[Any]:
        return [((a, row[a]), (b, row[b])) for a, b in combinations(names, 2)]

    while missing:
        start = dict(next(iter(missing)))
        rows = [{name: rng.randrange(len(factors[name])) for name in names} | start for _ in range(40)]
        best = max(rows, key=lambda row: sum(pair in missing for pair in pairs_of(row)))
        for pair in pairs_of(best):
            missing.pop(pair, None)
        yield {name: factors[name][best[name]] for name in names}


def pairwise(**factors: Sequence[Any]) -> pytest.MarkDecorator:
    """Parametrise `case` with the combinations of `all_pairs`, under readable ids."""
    cases = list(all_pairs(**factors))
    return pytest.mark.parametrize(
        "case", cases, ids=["-".join(map(_label, case.values())) for case in cases]
    )


def _label(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value)) or "plane"
    if isinstance(value, Boundary):
        return value.mode + "!" * value.trusted
    return str(value).replace(" ", "_")
