"""The same results as GridR 0.6.0, the program that this package stands for.

Called as ``array_grid_resampling(..., standalone=False)``, its integrated mode: image, grid and origin
are used as given. Values agree to 1e-10 of the largest sample, for both sum the same taps in a different
order; masks are the same.

Left out, since GridR's own answer is not the one that its rules ask for:

* nodes that are not finite (it takes pixel 0, and calls it valid);
* windows that begin at the last column of a sub-sampled grid (it stops the interpreter);
* positions whose noise is 5e-13 within 1e-14, the two programs' bound between noise and distance;
* positions within 1e-9 of where a decision falls, if they are beyond 1024 pixels: there its rounding to
  12 decimals moves positions by more than it was meant to remove.
"""

import numpy as np
import pytest
from gridr.core.grid.grid_resampling import array_grid_resampling
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import oracles
from tests.drawn import make_scene
from tests.pairwise import pairwise
from tests.scenes import LOCAL
from tests.strategies import seeds

RESOLUTIONS = [(1, 1), (2, 3), (10, 10)]
FILL = np.float64(-77.5)


def clean(scene, seed):
    """The scene in GridR's reach: packed float64 samples, all finite."""
    source = np.random.default_rng(seed).normal(size=scene.source.shape)
    return scene.changed(source=source, fill=FILL)


def gridr(scene):
    window = np.array([scene.window.rows, scene.window.cols]) - [0, 1]
    values, mask = array_grid_resampling(
        scene.kernel.name,
        scene.source,
        scene.rows,
        scene.cols,
        scene.resolution,
        array_out=None,
        nodata_out=float(FILL),
        array_in_origin=(-scene.origin[0], -scene.origin[1]),
        win=window,
        array_out_mask=True,
        standalone=False,
    )
    # It drops every axis of length 1.
    return values.reshape(*scene.source.shape[:-2], *scene.window.shape), mask


def starts_at_last_column(scene):
    return scene.resolution[1] > 1 and scene.window.cols[0] == scene.grid.target_shape[1] - 1


def positions(scene):
    """Rows and columns of all target pixels."""
    found = [(y, x) for *_, y, x in oracles.positions(scene.rows, scene.cols, scene.resolution, scene.window)]
    return np.array(found).reshape(*scene.window.shape, 2)


def assert_same_as_gridr(scene):
    values, valid = scene.whole()
    want, mask = gridr(scene)
    atol = 1e-10 * abs(scene.source).max()
    far = (abs(values - want) > atol).reshape(-1, *scene.window.shape).any(axis=0)
    differs = (valid != (mask == 1)) | far
    if differs.any():
        places = positions(scene)
        # Noise of 5e-13 pixels, give or take an ulp: whether it is rounded away is anybody's guess.
        on_the_fence = abs(abs(places - np.round(2 * places) / 2) - 5e-13) < 1e-14
        differs &= ~on_the_fence.any(axis=-1)
    assert not differs.any(), np.argwhere(differs)[:5]


@pairwise(
    kernel=LOCAL,
    resolution=RESOLUTIONS,
    part=[False, True],
    leading=[(), (1,), (3,)],
    style=["rotated", "scattered", "lattice"],
    seed=[41, 42, 43, 44],
)
def test_every_pair_of_choices_gives_the_results_of_gridr(isa, case):
    scene = clean(make_scene(**case), case["seed"])
    assert not starts_at_last_column(scene)
    assert_same_as_gridr(scene)


@pytest.mark.parametrize("kernel", LOCAL)
@given(
    resolution=st.sampled_from(RESOLUTIONS),
    part=st.booleans(),
    leading=st.sampled_from([(), (2,)]),
    style=st.sampled_from(["rotated", "scattered", "lattice"]),
    origin=st.sampled_from([(0, 0), (3, -4), (500, -500)]),
    seed=seeds,
)
def test_any_scene_gives_the_results_of_gridr(kernel, seed, **choices):
    scene = clean(make_scene(kernel=kernel, seed=seed, **choices), seed)
    assume(not starts_at_last_column(scene))
    assert_same_as_gridr(scene)


def is_clear_of_decisions(scene):
    """No position lies within 1e-9 of a half-integer, where taps and validity change."""
    found = positions(scene)
    return (abs(2 * found - np.round(2 * found)) > 2e-9).all()


@pytest.mark.parametrize("kernel", LOCAL)
@given(
    resolution=st.sampled_from(RESOLUTIONS),
    origin=st.sampled_from([(2000, -3000), (-100_000, 100_000)]),
    seed=seeds,
)
def test_far_from_the_origin_results_are_those_of_gridr(kernel, resolution, origin, seed):
    choices = {"resolution": resolution, "style": "scattered", "origin": origin, "small": True}
    scene = clean(make_scene(kernel=kernel, seed=seed, **choices), seed)
    assume(is_clear_of_decisions(scene))
    values, valid = scene.whole()
    want, mask = gridr(scene)
    np.testing.assert_array_equal(valid, mask == 1)
    # Its rounding to 12 decimals costs it an ulp of the position, here up to 2e-11 pixels.
    np.testing.assert_allclose(values, want, rtol=0, atol=1e-9 * abs(scene.source).max())


@pytest.mark.parametrize("kernel", LOCAL)
@pytest.mark.parametrize("far", [1e300, -1e300, 1e9, -(2.0**31), 2.0**40])
def test_far_nodes_are_outside_for_both(kernel, far):
    scene = clean(make_scene(kernel=kernel, style="scattered", seed=45), 45)
    rows = scene.rows.copy()
    rows[::2, ::3] = far
    assert_same_as_gridr(scene.changed(rows=rows))
