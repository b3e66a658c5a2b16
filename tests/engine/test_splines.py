"""B-splines: through their nodes, as scipy's, exact on polynomials, within epsilon of the exact spline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from gridr_dask import array_bspline_prefiltering, array_grid_resampling, compat
from gridr_dask.geometry.boundary import MODES
from tests import oracles

ORDERS = (3, 5, 7, 9, 11)
orders = pytest.mark.parametrize("order", ORDERS)
modes = pytest.mark.parametrize("mode", MODES)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=max(10, settings().max_examples // 2))


def resampled(image, rows, cols, order, epsilon, mode="reflect", trusted=True):
    """Values of a spline at valid positions."""
    values, valid = array_grid_resampling(
        f"bspline{order}" if isinstance(order, int) else order,
        image,
        np.atleast_2d(rows),
        np.atleast_2d(cols),
        (1, 1),
        array_out_mask=True,
        interp_kwargs={"epsilon": epsilon} if isinstance(order, int) else None,
        boundary_condition=mode,
        trust_padding=trusted if mode else None,
    )
    assert valid.all()
    return values


def positions_in(rng, shape, count=(5, 60)):
    return [rng.uniform(0, n - 1, count) for n in shape]


@pytest.mark.parametrize("order", [3, 5])
@pytest.mark.parametrize("epsilon", [1e-2, 1e-6, 1e-10])
@few
@given(seed=seeds)
def test_reflect_is_the_mirror_of_scipy(isa, order, epsilon, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=rng.integers(2, 60, 2))
    rows, cols = positions_in(rng, image.shape)
    want = map_coordinates(image, [rows, cols], order=order, mode="mirror")
    got = resampled(image, rows, cols, order, epsilon)
    np.testing.assert_allclose(got, want, rtol=0, atol=(epsilon + 1e-13) * abs(image).max())


@orders
@modes
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (2, 3), (6, 7), (20, 31)], ids=str)
@pytest.mark.parametrize("epsilon", [1e-2, 1e-6, 1e-12])
def test_a_spline_passes_through_its_nodes(order, mode, shape, epsilon):
    image = np.random.default_rng(order).normal(size=shape)
    rows, cols = np.indices(shape).astype(float)
    got = resampled(image, rows, cols, order, epsilon, mode).reshape(shape)
    np.testing.assert_allclose(got, image, rtol=0, atol=(epsilon + 1e-13) * abs(image).max())


@orders
@modes
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (2, 3), (5, 2), (12, 17), (140, 270)], ids=str)
def test_a_spline_is_the_exact_one_of_the_extended_image(order, mode, shape):
    rng = np.random.default_rng(order)
    image = rng.normal(size=shape)
    rows, cols = positions_in(rng, shape)
    want = oracles.spline_values(image, order, mode, rows, cols)
    got = resampled(image, rows, cols, order, 1e-12, mode)
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-12 * abs(image).max())


WORST = {
    # All poles are negative: samples of alternating sign add up all that a filter forgets.
    "alternating": lambda r, c: (-1.0) ** (r + c),
    "alternating rows": lambda r, c: (-1.0) ** r,
    "noise": lambda r, c: np.sign(np.sin(r * 12.9898 + c * 78.233)),
    "constant": lambda r, c: np.ones(r.shape),
}


def amplification(order):
    """How much larger than the samples coefficients can be: along both axes, for alternating samples."""
    half = order // 2
    signs = (-1.0) ** np.arange(-half, half + 1)
    return (signs @ oracles.cardinal(order, np.arange(-half, half + 1))) ** -2.0


@orders
@pytest.mark.parametrize("image", WORST.values(), ids=WORST.keys())
def test_epsilon_bounds_the_distance_to_the_exact_spline(order, image):
    """Most of all around the seams of the filter's pieces; and the smaller it is, the nearer they are."""
    image = image(*np.indices((270, 530)))
    rows, cols = np.meshgrid(np.arange(120, 136, 0.5), np.arange(246, 266, 0.5), indexing="ij")
    rows, cols = [
        np.concatenate([axis, np.random.default_rng(1).uniform(0, n - 1, axis.shape)])
        for axis, n in zip((rows, cols), image.shape, strict=True)
    ]
    exact = oracles.spline_values(image, order, "symmetric", rows, cols)
    rounding = 2.0**-52 * amplification(order)
    before = np.inf
    for epsilon in [0.5, 1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12]:
        error = abs(resampled(image, rows, cols, order, epsilon, "symmetric") - exact).max()
        assert error <= epsilon + rounding
        assert error <= before + rounding
        before = error


REPRODUCED = {"linear": 1, "cubic": 2} | {f"bspline{n}": n for n in ORDERS}


@pytest.mark.parametrize(("kernel", "degree"), REPRODUCED.items(), ids=REPRODUCED)
def test_polynomials_up_to_a_degree_are_reproduced_in_the_interior(isa, kernel, degree):
    """Of that degree along each axis; past it they are not."""
    rng = np.random.default_rng(degree)
    size, reach = (260, 110) if degree > 2 else (12, 3)
    rows, cols = rng.uniform(reach, size - 1 - reach, (2, 4, 50))
    interp = compat.get_interpolator(kernel, **({"epsilon": 1e-12} if degree > 2 else {}))

    def polynomial(*axes, coefficients):
        scaled = [2 * np.asarray(axis) / (size - 1) - 1 for axis in axes]
        return np.polynomial.polynomial.polyval2d(*scaled, coefficients)

    def error(coefficients):
        image = polynomial(*np.indices((size, size)), coefficients=coefficients)
        got = resampled(image, rows, cols, interp, None, mode=None)
        return abs(got - polynomial(rows, cols, coefficients=coefficients)).max() / abs(image).max()

    coefficients = rng.uniform(-1, 1, (degree + 1, degree + 1))
    assert error(coefficients) < 1e-11
    if degree < 5:
        higher = np.zeros((degree + 3, 1))
        higher[-1] = 1
        assert error(higher) > 1e-11


@orders
def test_coefficients_of_the_public_prefilter_give_the_same_values(order):
    """Extend, filter in place, interpolate: what a resampling does in one go, to epsilon."""
    epsilon = 1e-8
    rng = np.random.default_rng(order)
    image = rng.normal(size=(2, 40, 51))
    rows, cols = positions_in(rng, image.shape[1:])
    interp = compat.get_interpolator(f"bspline{order}", epsilon=epsilon)
    interp.initialize()
    margin = interp.total_margins()[0]
    extended = compat.source_extent_pad(image, [[margin] * 2] * 2, "wrap")
    array_bspline_prefiltering(extended, interp=interp)
    values, valid = array_grid_resampling(
        interp,
        extended,
        rows,
        cols,
        (1, 1),
        standalone=False,
        array_in_origin=(margin, margin),
        array_out_mask=True,
    )
    assert valid.all()
    got = resampled(image, rows, cols, interp, None, "wrap")
    np.testing.assert_allclose(got, values, rtol=0, atol=2 * epsilon * abs(image).max())


@orders
def test_a_filtered_image_holds_the_coefficients_divided_by_the_squared_factorial(order):
    image = np.random.default_rng(order).normal(size=(30, 40))
    interp = compat.get_interpolator(f"bspline{order}", epsilon=1e-12)
    interp.initialize()
    margin = interp.total_margins()[0]
    extended = compat.source_extent_pad(image, [[margin] * 2] * 2, "edge")
    array_bspline_prefiltering(extended, interp=interp)
    factorial = float(np.prod(np.arange(1.0, order + 1)))
    half, start = order // 2, oracles.LONG - order // 2
    kept = slice(margin - half, -(margin - half) or None)
    want = oracles.coefficients(image, order, "edge")[
        start : start + 30 + 2 * half, start : start + 40 + 2 * half
    ]
    got = extended[kept, kept] * factorial**2
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-11 * abs(want).max())


@orders
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "c8", "c16"])
def test_other_types_are_the_rounded_spline_of_their_samples(order, dtype):
    rng = np.random.default_rng(order)
    image = rng.uniform(0, 255, (20, 30))
    if dtype.startswith("c"):
        image = image + 1j * rng.uniform(0, 255, (20, 30))
    image = image.astype(dtype)
    rows, cols = positions_in(rng, image.shape)
    parts = [image.real, image.imag] if image.dtype.kind == "c" else [image]
    want = [resampled(part.astype("f8"), rows, cols, order, 1e-9) for part in parts]
    got = resampled(image, rows, cols, order, 1e-9)
    if image.dtype.kind == "c":
        np.testing.assert_array_equal(got, (want[0] + 1j * want[1]).astype(dtype))
    elif image.dtype.kind in "iu":
        limits = np.iinfo(dtype)
        np.testing.assert_array_equal(got, np.clip(np.rint(want[0]), limits.min, limits.max).astype(dtype))
    else:
        np.testing.assert_array_equal(got, want[0].astype(dtype))
    assert got.dtype == image.dtype


@pytest.mark.parametrize("order", [9, 11])
@pytest.mark.parametrize("magnitude", [1.0, 1e-323], ids=["ordinary", "subnormal"])
@few
@given(seed=seeds)
def test_neighbours_have_the_bytes_that_they_have_apart(isa, order, magnitude, seed):
    # Some instruction sets take neighbours together where they lie near enough to each other.
    rng = np.random.default_rng(seed)
    image = magnitude * rng.normal(size=(60, 400))
    angle, scale = np.deg2rad(rng.uniform(-40, 40)), rng.choice([-1, 1]) * rng.uniform(0.1, 1.8)
    y, x = np.mgrid[-3:3, -150:151]
    rows = np.clip(30 + scale * (np.cos(angle) * y - np.sin(angle) * x), 0, 59)
    cols = np.clip(200 + scale * (np.sin(angle) * y + np.cos(angle) * x), 0, 399)
    apart = rng.permutation(rows.size)
    together = resampled(image, rows, cols, order, 1e-6)
    shuffled = resampled(image, rows.flat[apart], cols.flat[apart], order, 1e-6)
    assert shuffled.tobytes() == together.flat[apart].tobytes()
