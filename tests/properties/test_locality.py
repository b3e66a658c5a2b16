"""What is broken stays where it is: invalid nodes in their cells, NaN samples in their footprints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask.geometry import Boundary
from tests import oracles
from tests.drawn import make_scene
from tests.scenes import KERNELS, LOCAL, SPLINES, Scene, to_bytes
from tests.strategies import resolutions, seeds

BROKEN = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("coordinate", ["rows", "cols"])
@given(
    kernel=st.sampled_from(KERNELS),
    resolution=resolutions,
    broken=st.sampled_from(BROKEN),
    seed=seeds,
)
def test_an_invalid_node_touches_the_pixels_around_it_only(isa, coordinate, kernel, resolution, broken, seed):
    rng = np.random.default_rng(seed)
    scene = make_scene(kernel=kernel, resolution=resolution, style="scattered", seed=seed)
    nodes = getattr(scene, coordinate).copy()
    i, j = (int(rng.integers(n)) for n in nodes.shape)
    nodes[i, j] = broken
    result, valid = scene.changed(**{coordinate: nodes}).whole()
    before, valid_before = scene.whole()
    r, c = np.mgrid[tuple(slice(n) for n in scene.grid.target_shape)]
    touched = (abs(r - i * resolution[0]) < resolution[0]) & (abs(c - j * resolution[1]) < resolution[1])
    assert not valid[touched].any()
    assert to_bytes([result[touched]]) == to_bytes([np.full(touched.sum(), scene.fill)])
    assert to_bytes([result[~touched], valid[~touched]]) == to_bytes(
        [before[~touched], valid_before[~touched]]
    )


def needing(scene: Scene, sample: tuple[int, int]) -> np.ndarray:
    """Which target pixels need a source sample, or a coefficient that it reaches."""
    name = scene.kernel.name
    found = np.zeros(scene.window.shape, bool)
    if scene.kernel.is_spline:
        others = np.ones(scene.shape, bool)
        others[sample] = False
        boundary = scene.boundary
        clean = oracles.valid_taps(others, name, boundary.mode, boundary.trusted, int(scene.kernel.influence))
    for r, c, y, x in oracles.positions(scene.rows, scene.cols, scene.resolution, scene.window):
        if scene.kernel.is_spline:
            found[r, c] = not oracles.validity(np.array([y]), np.array([x]), name, clean)[0]
        else:
            found[r, c] = sample in oracles.support(y, x, name, scene.shape)
    return found


@pytest.mark.parametrize("style", ["scattered", "lattice"])
@given(
    kernel=st.sampled_from(LOCAL),
    dtype=st.sampled_from(["f4", "f8"]),
    broken=st.sampled_from(BROKEN),
    seed=seeds,
)
def test_a_nan_sample_reaches_the_pixels_that_need_it_only(isa, style, kernel, dtype, broken, seed):
    rng = np.random.default_rng(seed)
    scene = make_scene(kernel=kernel, dtype=dtype, style=style, seed=seed)
    source = np.ones(scene.shape, dtype) + rng.random(scene.shape, dtype)
    sample = tuple(int(rng.integers(n)) for n in scene.shape)
    holed = source.copy()
    holed[sample] = broken
    before, valid_before = scene.changed(source=source).whole()
    result, valid = scene.changed(source=holed).whole()
    needed = needing(scene, sample)
    assert to_bytes([valid]) == to_bytes([valid_before])
    assert not np.isfinite(result[needed]).any()
    assert to_bytes([result[~needed]]) == to_bytes([before[~needed]])


@pytest.mark.parametrize("style", ["scattered", "lattice"])
@given(
    kernel=st.sampled_from(SPLINES),
    dtype=st.sampled_from(["f4", "f8"]),
    broken=st.sampled_from(BROKEN),
    boundary=st.sampled_from(["edge", "reflect", "symmetric", "wrap"]),
    seed=seeds,
)
def test_a_nan_sample_reaches_a_spline_as_far_as_its_influence(
    isa, style, kernel, dtype, broken, boundary, seed
):
    """All other pixels have the bytes that they have with 0 in its place."""
    rng = np.random.default_rng(seed)
    scene = make_scene(kernel=kernel, dtype=dtype, style=style, boundary=Boundary(boundary, True), seed=seed)
    source = np.ones(scene.shape, dtype) + rng.random(scene.shape, dtype)
    sample = tuple(int(rng.integers(n)) for n in scene.shape)
    source[sample] = 0
    before, valid_before = scene.changed(source=source).whole()
    source[sample] = broken
    result, valid = scene.changed(source=source).whole()
    reached = needing(scene, sample)
    assert to_bytes([valid]) == to_bytes([valid_before])
    assert np.isnan(result[reached & valid]).all()
    assert to_bytes([result[~reached]]) == to_bytes([before[~reached]])


@given(kernel=st.sampled_from(["linear", "cubic"]), out=st.sampled_from(["u1", "i2", "i8"]), seed=seeds)
def test_a_nan_sample_makes_integers_invalid_where_they_need_it(isa, kernel, out, seed):
    scene = make_scene(kernel=kernel, dtype="f4", out=out, style="lattice", seed=seed)
    rng = np.random.default_rng(seed)
    source = rng.uniform(10, 20, scene.shape).astype("f4")
    sample = tuple(int(rng.integers(n)) for n in scene.shape)
    before, valid_before = scene.changed(source=source).whole()
    source[sample] = np.nan
    result, valid = scene.changed(source=source).whole()
    needed = needing(scene, sample)
    assert to_bytes([valid]) == to_bytes([valid_before & ~needed])
    assert (result[needed] == scene.fill).all()
    assert to_bytes([result[~needed]]) == to_bytes([before[~needed]])


@given(kernel=st.sampled_from(LOCAL), seed=seeds)
def test_samples_that_a_pixel_does_not_need_are_not_read(isa, kernel, seed):
    rng = np.random.default_rng(seed)
    scene = make_scene(kernel=kernel, style="lattice", small=True, seed=seed)
    rows, cols = (rng.choice(nodes.ravel(), (1, 1)) for nodes in (scene.rows, scene.cols))
    window = type(scene.window).whole((1, 1))
    source = rng.normal(size=scene.shape)
    one = scene.changed(source=source, rows=rows, cols=cols, window=window)
    needed = oracles.support(rows[0, 0], cols[0, 0], kernel, scene.shape)
    hidden = np.full(scene.shape, np.nan)
    for at in needed:
        hidden[at] = source[at]
    assert to_bytes(one.changed(source=hidden).whole()) == to_bytes(one.whole())
