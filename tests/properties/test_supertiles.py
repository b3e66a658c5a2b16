"""Pieces that are planned one after the other are the bits of one numpy call."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn import VALIDITIES, chunkings, make_scene
from tests.pairwise import pairwise
from tests.scenes import BOUNDARIES, COMPUTED, KERNELS, Scene, to_bytes
from tests.strategies import scenes, seeds

FACTORS = {
    "resolution": [(1, 1), (2, 3), (10, 10)],
    "holes": [False, True],
    "part": [False, True],
    "leading": [(), (2,)],
    "boundary": BOUNDARIES,
    "validity": VALIDITIES,
}


def assert_pieces_equal_whole(scene: Scene, seed: int, side: int, **how) -> None:
    rng = np.random.default_rng(seed)
    (source_cuts,), (target_cuts,) = (
        chunkings(rng, shape, 1, 40) for shape in (scene.shape, scene.window.shape)
    )
    tiles = scene.lazily(source_cuts, target_cuts, side=side, **how)
    result = [half.copy(data=np.zeros(half.shape, half.dtype)) for half in tiles.template]
    covered = np.zeros(scene.window.shape, int)
    for region, piece in tiles:
        covered[tuple(region.values())] += 1
        for half, part in zip(result, piece, strict=True):
            assert part.dtype == half.dtype
            assert max(len(part.chunks[part.get_axis_num(dim)]) for dim in region) <= side
            half[region] = part.values
    assert (covered == 1).all()
    order = [dim for dim in ("time", "band", "y", "x") if dim in result[0].dims]
    halves = [half.transpose(*(dim for dim in order if dim in half.dims)).values for half in result]
    assert to_bytes(halves) == to_bytes(scene.whole())


@pairwise(kernel=KERNELS, dtype=COMPUTED, lazy_grid=[False, True], side=[1, 2, 100], **FACTORS)
def test_supertiles_are_the_whole(case):
    lazy_grid, side = case.pop("lazy_grid"), case.pop("side")
    assert_pieces_equal_whole(make_scene(**case, seed=31), 32, side, lazy_grid=lazy_grid)


@settings(max_examples=max(10, settings.default.max_examples // 4))
@given(scene=scenes(), seed=seeds, side=st.integers(1, 4), turned=st.booleans())
@pytest.mark.parametrize("reading", [None, "direct", "blocks"])
def test_any_scene_in_supertiles_is_the_whole(scene, seed, side, turned, reading):
    assert_pieces_equal_whole(scene, seed, side, lazy_grid=bool(seed % 2), turned=turned, reading=reading)
