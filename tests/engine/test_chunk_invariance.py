"""Chunked equals whole, to the last bit: masks, boundaries, splines, nodata and NaN, however they are cut."""

from functools import cache

import dask
import numpy as np
import pytest

from gridr_dask.compute import (
    Blocks,
    Nodes,
    SampleRule,
    SourceMask,
    get_interpolator,
    kernel_of,
    resample_window,
)
from gridr_dask.compute import isa as instruction_sets
from gridr_dask.geometry import Boundary, Window
from tests.engine.cases import FACTORS, digest, make_case
from tests.pairwise import all_pairs, pairwise

CHUNKINGS = 5


@cache
def _whole(seed, small, choices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(instruction_sets.VARIABLE, "portable")
        return digest(make_case(**dict(choices), small=small, seed=seed).whole())


def whole(choices, seed, small=False):
    """The digest of one numpy call, on the plainest instruction set."""
    return _whole(seed, small, tuple(choices.items()))


def test_the_cases_have_valid_and_invalid_pixels():
    """And NaN, infinities and values: a test of bytes that are all the fill would show nothing."""
    valid, kinds = [], set()
    for choice in all_pairs(**FACTORS):
        values, ok = make_case(**choice, seed=1).whole()
        valid.append(float(ok.mean()))
        if values.dtype.kind == "f":
            kinds |= {"nan"} if np.isnan(values).any() else set()
            kinds |= {"inf"} if np.isinf(values).any() else set()
    assert np.mean(valid) > 0.4
    assert all(0 < share < 1 for share in valid)
    assert kinds == {"nan", "inf"}


@pairwise(**FACTORS)
def test_every_pair_of_choices_gives_the_same_bytes_in_chunks(case, monkeypatch):
    scene = make_case(**case, seed=1)
    rng = np.random.default_rng(2)
    for index in range(CHUNKINGS):
        name = instruction_sets.available()[index % len(instruction_sets.available())]
        monkeypatch.setenv(instruction_sets.VARIABLE, name)
        pair = dask.compute(*scene.lazily(rng), scheduler="threads" if index % 2 else "sync")
        assert digest(pair) == whole(case, seed=1), name


@pairwise(**FACTORS)
def test_every_pair_of_choices_gives_the_same_bytes_in_single_pixels(case):
    scene = make_case(**case, small=True, seed=3)
    rng = np.random.default_rng(4)
    for cuts in ({"chunks": 1}, {"chunks": (1, 7), "source": (1, 1, 1)}):
        pair = dask.compute(*scene.lazily(rng, **cuts), scheduler="sync")
        assert digest(pair) == whole(case, seed=3, small=True), cuts


@pairwise(**FACTORS)
def test_every_pair_of_choices_gives_the_same_bytes_on_any_instruction_set(isa, case):
    assert digest(make_case(**case, seed=1).whole()) == whole(case, seed=1)


@pairwise(
    kernel=("nearest", "linear", "cubic", "bspline3", "bspline11"),
    boundary=(Boundary(), Boundary("wrap", True), Boundary("constant", True), Boundary("reflect", False)),
    mask=(False, True),
    rule=(SampleRule(), SampleRule(nan=True), SampleRule(nodata=np.float64(7.0))),
)
def test_threads_do_not_matter(isa, case):
    rng = np.random.default_rng(6)
    image = rng.normal(size=(3, 200, 311))
    image[1, 100, 200], image[0, 7, 7] = np.nan, 7.0
    rows, cols = (axis + rng.normal(size=axis.shape) for axis in np.mgrid[-5:205:13.0, -5:316:13.0])
    mask = Blocks.whole(rng.random(image.shape[1:]) > 0.001) if case["mask"] else None
    results = [
        resample_window(
            Blocks.whole(image),
            Nodes(rows, cols, (0, 0), (9, 11)),
            Window((1, 140), (2, 260)),
            kernel_of(get_interpolator(case["kernel"])),
            fill=np.float64(-1),
            boundary=case["boundary"],
            validity=SourceMask(mask, None, case["rule"]),
            with_valid=True,
            threads=threads,
        )
        for threads in (1, 2, 5)
    ]
    bytes_of = [[half.tobytes() for half in pair] for pair in results]
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]


@pytest.mark.distributed
@pairwise(
    **FACTORS
    | {
        "kernel": ("linear", "bspline3", "bspline7 of epsilon 1e-11"),
        "edge": ("ends", "wrap trusted", "reflect untrusted"),
        "dtype": ("f8", "u1"),
    }
)
def test_processes_give_the_same_bytes(client, case):
    case = make_case(**case, seed=7)
    pair = dask.compute(*case.lazily(np.random.default_rng(8)), scheduler=client)
    assert digest(pair) == digest(case.whole())
