"""Every type against a plain float64 loop over the rules (``tests/oracles.py``).

What is computed in float64 (32 and 64-bit types) agrees to 1e-10 of the largest sample, what is computed in
float32 to 16 ulp of it. Integers are the oracle's, rounded half to even and saturated; they may be one off
where its value lies that near to a half. Validity is the same.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import oracles
from tests.drawn import STYLES, make_scene
from tests.pairwise import pairwise
from tests.scenes import COMPUTED, INTEGERS, LOCAL, scene_of
from tests.strategies import scenes, seeds

LONG = frozenset("iIlLqQd")


def tolerance(source, out):
    """How far results may be from the oracle's, by the arithmetic that the two types ask for."""
    finite = abs(source.astype("f8"))
    largest = finite[np.isfinite(finite)].max(initial=0)
    is_long = source.dtype.char in LONG or out.char in LONG
    return (1e-10 if is_long else 16 * 2.0**-24) * largest


def assert_close(got, value, out, fill, atol):
    """One plane of results and of the oracle's float64 values, where both are valid."""
    want = np.array([oracles.stored(v, out, fill) for v in value], out)
    if out.kind not in "iub":
        np.testing.assert_allclose(got, want.astype("f8"), rtol=0, atol=atol)
        return
    with np.errstate(invalid="ignore"):
        near_half = abs(value - np.floor(value) - 0.5) <= atol
    same = got == want
    assert (same | near_half).all()
    limits = (0, 1) if out.kind == "b" else (np.iinfo(out).min, np.iinfo(out).max)
    off = abs(got[~same].astype("f8") - np.clip(value[~same], *map(float, limits)))
    assert (off <= 0.5 + atol).all()


def assert_same_as_oracle(scene):
    values, valid = scene.whole()
    planes = scene.source.reshape(-1, *scene.shape)
    values = values.reshape(-1, *scene.window.shape)
    valid = np.broadcast_to(valid, (*scene.source.shape[:-2], *scene.window.shape))
    out = scene.fill.dtype
    for plane, got, ok in zip(planes, values, valid.reshape(values.shape), strict=True):
        want, inside = oracles.resample(
            plane,
            scene.rows,
            scene.cols,
            scene.kernel.name,
            resolution=scene.resolution,
            window=scene.window,
            origin=scene.origin,
        )
        if out.kind in "iub":
            inside &= ~np.isnan(want)
        np.testing.assert_array_equal(ok, inside)
        assert (got[~ok] == scene.fill).all()
        assert_close(got[ok], want[ok], out, scene.fill, tolerance(plane, out))


def with_samples(scene, seed):
    """Noise over the whole range of integers, and of a few thousand for floats; a known fill."""
    source, out = scene.source, scene.fill.dtype
    if source.dtype.kind == "f":
        noise = np.random.default_rng(seed).normal(size=source.shape) * 1000
        source = noise.astype(source.dtype)
    return scene.changed(source=source, fill=np.ones((), out)[()])


REAL = [dtype for dtype in COMPUTED if np.dtype(dtype).kind != "c"]


@pairwise(
    kernel=LOCAL,
    dtype=REAL,
    out=REAL,
    resolution=[(1, 1), (2, 3)],
    style=STYLES,
    leading=[(), (2,)],
    holes=[False, True],
)
def test_every_pair_of_choices_gives_the_results_of_the_oracle(isa, case):
    scene = make_scene(**case, origin=(5, -6), small=True, seed=51)
    assert_same_as_oracle(with_samples(scene, 52))


@pytest.mark.parametrize("dtype", ["f4", *INTEGERS])
@given(kernel=st.sampled_from(LOCAL), style=st.sampled_from(STYLES), seed=seeds)
def test_any_scene_gives_the_results_of_the_oracle(isa, dtype, kernel, style, seed):
    scene = make_scene(kernel=kernel, dtype=dtype, style=style, small=True, seed=seed)
    assert_same_as_oracle(with_samples(scene, seed))


@given(scene=scenes(dtype="c16", leading=(), holes=True, validity="mask"), seed=seeds)
def test_complex_samples_are_two_real_planes(isa, scene, seed):
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(2, *scene.shape))
    together = scene.changed(source=parts[0] + 1j * parts[1], fill=np.complex128(complex(3, 4)))
    values, valid = together.whole()
    for part, fill, got in zip(parts, (3.0, 4.0), (values.real, values.imag), strict=True):
        alone = scene.changed(source=part, fill=np.float64(fill))
        want, ok = alone.whole()
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(valid, ok)


@pytest.mark.parametrize(
    ("out", "value", "want"),
    [
        ("u1", 0.5, 0),
        ("u1", 1.5, 2),
        ("u1", 2.5, 2),
        ("u1", -0.5, 0),
        ("u1", 254.5, 254),
        ("u1", 255.5, 255),
        ("u1", 1e9, 255),
        ("u1", -7.0, 0),
        ("i1", -1.5, -2),
        ("i1", -128.5, -128),
        ("i2", 32767.5, 32767),
        ("u4", 2.0**32, 2**32 - 1),
        ("i4", -(2.0**31) - 1, -(2**31)),
        ("i8", 2.0**63, 2**63 - 1),
        ("i8", -1e300, -(2**63)),
        ("u8", 2.0**64, 2**64 - 1),
        ("u8", -1.0, 0),
        ("i2", np.inf, 32767),
        ("u8", -np.inf, 0),
        ("?", 0.25, False),
        ("?", 0.75, True),
        ("?", -3.0, False),
    ],
)
@pytest.mark.parametrize("kernel", LOCAL)
def test_integers_round_half_to_even_and_saturate(isa, kernel, out, value, want):
    rows, cols = np.random.default_rng(53).uniform(1, 6, (2, 3, 70))
    values, valid = scene_of(np.full((8, 8), value), rows, cols, kernel, out).whole()
    assert valid.all() or np.isinf(value)
    if kernel == "nearest" or np.isfinite(value):
        # A constant may come out of a sum of weights an ulp off, on the other side of a half.
        off = 0 if kernel == "nearest" or out == "?" else abs(value) * 1e-14 + (value % 1 == 0.5)
        assert (abs(values[valid].astype("f8") - float(want)) <= off).all()
