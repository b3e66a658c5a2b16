"""Chunked equals whole: bits do not depend on chunks, threads, or the instruction set."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridr_dask.geometry import Window
from tests.drawn import STYLES, VALIDITIES, chunkings, make_scene, single_pixels
from tests.pairwise import pairwise
from tests.scenes import BOUNDARIES, COMPUTED, COPIED, KERNELS, Scene, running_on, to_bytes
from tests.strategies import scenes, seeds

FACTORS = {
    "resolution": [(1, 1), (2, 3), (10, 10)],
    "holes": [False, True],
    "part": [False, True],
    "grid_dtype": ["f4", "f8"],
    "leading": [(), (2,)],
    "layout": ["packed", "transposed", "reversed", "swapped"],
    "style": STYLES,
    "origin": [(0, 0), (-100_000, 100_000)],
    "boundary": BOUNDARIES,
    "validity": VALIDITIES,
}


def reference(scene: Scene):
    """The bits of the whole window on one thread and the plainest instruction set."""
    with running_on("portable"):
        return to_bytes(scene.whole())


def assert_same_bits_however_it_is_cut(scene: Scene, seed: int) -> None:
    whole = reference(scene)
    assert to_bytes(scene.whole(threads=1)) == whole
    assert to_bytes(scene.whole(threads=2)) == whole
    rng = np.random.default_rng(seed)
    # Each chunk of a spline filters its own pieces.
    most = 60 if scene.kernel.is_spline else 300
    sources = chunkings(rng, scene.shape, 5)
    targets = chunkings(rng, scene.window.shape, 5, most)
    for source_cuts, target_cuts in zip(sources, targets, strict=True):
        assert to_bytes(scene.in_pieces(source_cuts, target_cuts)) == whole


@pairwise(kernel=KERNELS, dtype=COMPUTED, **FACTORS)
def test_every_pair_of_choices_gives_the_same_bits_in_pieces(isa, case):
    assert_same_bits_however_it_is_cut(make_scene(**case, seed=3), seed=4)


@pairwise(dtype=COPIED, **FACTORS)
def test_nearest_copies_any_type_in_pieces(isa, case):
    assert_same_bits_however_it_is_cut(make_scene(kernel="nearest", **case, seed=5), seed=6)


@given(scene=scenes(), seed=seeds)
def test_any_scene_gives_the_same_bits_in_pieces(isa, scene, seed):
    assert_same_bits_however_it_is_cut(scene, seed)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", "c8"])
@pytest.mark.parametrize("seed", range(3))
def test_single_pixel_chunks_on_both_sides_give_the_same_bits(isa, kernel, dtype, seed):
    scene = make_scene(kernel=kernel, dtype=dtype, resolution=(2, 3), small=True, seed=seed)
    source_cuts, target_cuts = single_pixels(scene.shape), single_pixels(scene.window.shape)
    assert to_bytes(scene.in_pieces(source_cuts, target_cuts)) == reference(scene)


@pairwise(
    kernel=KERNELS,
    dtype=["?", "u1", "i2", "u4", "i8", "f4", "f8"],
    out=["?", "u1", "i2", "u4", "i8", "f4", "f8"],
)
def test_a_change_of_type_gives_the_same_bits_in_pieces(isa, case):
    assert_same_bits_however_it_is_cut(make_scene(**case, leading=(2,), seed=8), seed=9)


# Rotated by a right angle, a span runs down the source; wide pieces start in the middle of a span.
@example(kernel="cubic", start=63, seed=0)
@example(kernel="linear", start=64, seed=1)
@given(kernel=st.sampled_from(KERNELS), start=st.integers(1, 139), seed=seeds)
def test_where_a_span_starts_does_not_matter(isa, kernel, start, seed):
    scene = make_scene(kernel=kernel, dtype="f4", style="rotated", seed=seed)
    rows, cols = scene.window.shape
    first = min(start, cols - 1)
    target_cuts = (rows,), (first, cols - first)
    source_cuts = tuple((n,) for n in scene.shape)
    assert to_bytes(scene.in_pieces(source_cuts, target_cuts)) == reference(scene)


@given(scene=scenes(), seed=seeds)
def test_a_window_of_the_result_is_the_result_of_the_window(isa, scene, seed):
    rng = np.random.default_rng(seed)
    shape = scene.grid.target_shape
    spans = [np.sort(rng.choice(n + 1, 2, replace=False)).tolist() for n in shape]
    everything = scene.changed(window=Window.whole(shape))
    part = scene.changed(window=Window(*map(tuple, spans)))
    inside = [half[(..., *part.window.slices)] for half in everything.whole()]
    assert to_bytes(part.whole()) == to_bytes(inside)
