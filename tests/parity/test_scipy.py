"""The same results as ``scipy.ndimage.map_coordinates`` inside of the image.

``order=1`` is `linear`, to a few ulp: it weighs the same four samples. ``order=0`` is `nearest` away from
ties, which it sends the other way at some positions. Its order 3 is a spline, not `cubic`. At the
image's edge the two differ on purpose: it extends the image, this package has no value there.
"""

import numpy as np
import pytest
from hypothesis import given
from scipy.ndimage import map_coordinates

from tests.scenes import scene_of
from tests.strategies import seeds


def positions_inside(seed, shape=(30, 40)):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, n - 1, (5, 150)) for n in shape]


def resampled(source, rows, cols, kernel):
    values, valid = scene_of(source, rows, cols, kernel).whole()
    assert valid.all()
    return values


@given(seed=seeds)
def test_linear_is_order_1(isa, seed):
    source = np.random.default_rng(seed).normal(size=(30, 40))
    rows, cols = positions_inside(seed)
    want = map_coordinates(source, [rows, cols], order=1)
    got = resampled(source, rows, cols, "linear")
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-14 * abs(source).max())


@given(seed=seeds)
def test_linear_in_float32_is_order_1(isa, seed):
    source = np.random.default_rng(seed).normal(size=(30, 40)).astype("f4")
    rows, cols = positions_inside(seed)
    want = map_coordinates(source.astype("f8"), [rows, cols], order=1)
    got = resampled(source, rows, cols, "linear")
    np.testing.assert_allclose(got, want, rtol=0, atol=16 * 2.0**-24 * abs(source).max())


@pytest.mark.parametrize("dtype", ["u1", "i4", "f8"])
@given(seed=seeds)
def test_nearest_is_order_0(isa, dtype, seed):
    source = (np.random.default_rng(seed).normal(size=(30, 40)) * 100).astype(dtype)
    rows, cols = positions_inside(seed)
    want = map_coordinates(source, [rows, cols], order=0)
    np.testing.assert_array_equal(resampled(source, rows, cols, "nearest"), want)
