"""Laws of resampling: identity, shifts, constants and ramps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import array_grid_resampling
from gridr_dask.compute import get_interpolator
from gridr_dask.compute.dtypes import default_fill
from gridr_dask.geometry import Boundary
from tests.drawn import image, make_scene
from tests.scenes import BOUNDARIES, COMPUTED, COPIED, INTEGERS, KERNELS, SPLINES, enough, scene_of, to_bytes
from tests.strategies import scenes, seeds

MOVED = [("nearest", dtype) for dtype in COMPUTED + COPIED] + [
    (kernel, dtype) for kernel in ("linear", "cubic") for dtype in COMPUTED
]
moved = pytest.mark.parametrize(
    ("kernel", "dtype"), MOVED, ids=[f"{kernel}-{dtype}" for kernel, dtype in MOVED]
)
shifted = pytest.mark.parametrize("shift", [(0, 1), (3, -2), (-4, 70)], ids=str)


def samples(seed, shape, dtype, kernel):
    """Any bits for nearest; else what survives arithmetic: integers of 53 bits, no NaN, no -0.0."""
    source = image(np.random.default_rng(seed), shape, np.dtype(dtype))
    if kernel == "nearest" or source.dtype.kind == "b":
        return source
    if source.dtype.kind in "iu":
        return source >> source.dtype.type(12) if source.itemsize == 8 else source
    # A spline's error is relative to the largest sample.
    usual = np.isfinite(source) & (abs(source) < 1e6)
    return np.where(usual, source + 0, 5).astype(dtype)


def overlap(shift, shape):
    """Where a shifted image lies in the result, and which of its pixels these are."""
    to = tuple(slice(max(-d, 0), n - max(d, 0)) for d, n in zip(shift, shape, strict=True))
    of = tuple(slice(max(d, 0), n - max(-d, 0)) for d, n in zip(shift, shape, strict=True))
    return to, of


@moved
@pytest.mark.parametrize("grid_dtype", ["f4", "f8"])
def test_the_identity_grid_returns_the_source(isa, kernel, dtype, grid_dtype):
    source = samples(1, (2, 9, 133), dtype, kernel)
    rows, cols = np.mgrid[0:9, 0:133].astype(grid_dtype)
    result, valid = scene_of(source, rows, cols, kernel).whole()
    assert to_bytes([result]) == to_bytes([source])
    assert valid.all()


@moved
@shifted
def test_a_shift_by_whole_pixels_is_a_slice(isa, kernel, dtype, shift):
    source = samples(2, (9, 133), dtype, kernel)
    rows, cols = np.mgrid[0:9, 0:133].astype(float)
    result, valid = scene_of(source, rows + shift[0], cols + shift[1], kernel).whole()
    to, of = overlap(shift, source.shape)
    assert to_bytes([result[to]]) == to_bytes([source[of]])
    inside = np.zeros(source.shape, bool)
    inside[to] = True
    np.testing.assert_array_equal(valid, inside)
    nothing = np.full(source.shape, default_fill(source.dtype), source.dtype)
    assert to_bytes([result[~inside]]) == to_bytes([nothing[~inside]])


@pytest.mark.parametrize("dtype", COMPUTED)
@pytest.mark.parametrize("kernel", SPLINES)
def test_a_spline_passes_through_the_samples(isa, kernel, dtype):
    """To its epsilon; to the bit where that is less than half an integer."""
    source = samples(3, (2, 9, 133), dtype, kernel)
    rows, cols = np.mgrid[0:9, 0:133].astype(float)
    spline = get_interpolator(kernel, epsilon=1e-6)
    result, valid = scene_of(source, rows, cols, spline, boundary=enough(kernel)).whole()
    assert valid.all()
    if source.itemsize <= 2:
        np.testing.assert_array_equal(result, source)
        return
    wide = [part.astype("c16" if source.dtype.kind == "c" else "f8") for part in (result, source)]
    # A complex number has two parts, each with its error; integers are rounded.
    atol = 1e-6 * np.sqrt(2) * abs(wide[1]).max() + (dtype in INTEGERS)
    np.testing.assert_allclose(*wide, rtol=0, atol=atol)


@pytest.mark.parametrize("kernel", SPLINES)
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
@shifted
def test_a_shift_of_a_spline_by_whole_pixels_is_a_slice_of_its_values(isa, kernel, boundary, shift):
    """Bit by bit: coefficients do not depend on who needs them."""
    source = samples(4, (70, 133), "f8", kernel)
    rows, cols = np.mgrid[0:70, 0:133] + 0.25
    still, shifted = (
        scene_of(source, rows + d[0], cols + d[1], kernel, boundary=boundary).whole() for d in ((0, 0), shift)
    )
    assert still[1].any()
    to, of = overlap(shift, source.shape)
    assert to_bytes([part[to] for part in shifted]) == to_bytes([part[of] for part in still])


@given(scene=scenes(grid_dtype="f4"))
def test_a_float32_grid_gives_the_bits_of_the_same_grid_in_float64(isa, scene):
    wide = scene.changed(rows=scene.rows.astype("f8"), cols=scene.cols.astype("f8"))
    assert to_bytes(wide.whole()) == to_bytes(scene.whole())


@given(
    kernel=st.sampled_from(KERNELS),
    boundary=st.sampled_from(["edge", "reflect", "symmetric", "wrap"]),
    dtype=st.sampled_from(["u1", "i2", "u4", "i8", "f4", "f8", "c16"]),
    value=st.integers(0, 120),
    seed=seeds,
)
def test_constants_survive(isa, kernel, boundary, dtype, value, seed):
    scene = make_scene(
        kernel=kernel,
        dtype=dtype,
        style="scattered",
        resolution=(2, 3),
        boundary=Boundary(boundary, True),
        seed=seed,
    )
    flat = np.full(scene.shape, value, dtype)
    result, valid = scene.changed(source=flat, interp=get_interpolator(kernel)).whole()
    tolerance = 0
    if flat.dtype.kind not in "iu":
        tolerance = (4 * np.finfo(flat.dtype).eps + scene.kernel.is_spline * 1e-6) * value
    np.testing.assert_allclose(result[valid], value, rtol=0, atol=tolerance)


def polynomial(y, x, degree):
    """A polynomial of a degree along each axis, of a few hundred at most."""
    return 3 + 2 * y - x + 0.5 * x * y + (degree > 1) * (0.1 * y * y - 0.05 * x * x)


@pytest.mark.parametrize(("kernel", "degree"), [("linear", 1), ("cubic", 2)], ids=["linear", "cubic"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("f4", 16 * 2.0**-24), ("f8", 1e-14)], ids=["f4", "f8"])
@given(seed=seeds)
def test_a_polynomial_of_the_kernels_degree_survives(isa, kernel, degree, dtype, tolerance, seed):
    rng = np.random.default_rng(seed)
    source = polynomial(*np.mgrid[0:20, 0:30].astype(float), degree).astype(dtype)
    rows, cols = rng.uniform(1, 18, (4, 70)), rng.uniform(1, 28, (4, 70))
    result, valid = scene_of(source, rows, cols, kernel).whole()
    assert valid.all()
    want = polynomial(rows, cols, degree)
    np.testing.assert_allclose(result, want, rtol=0, atol=tolerance * abs(source).max())


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(300, 150), (40, 2100)], ids=str)
def test_a_target_that_is_turned_has_the_same_pixels(isa, kernel, shape):
    # Larger than the tiles of either sweep.
    rng = np.random.default_rng(31)
    source = rng.random((90, 70))
    rows, cols = rng.uniform(-3, 93, shape), rng.uniform(-3, 73, shape)
    # Along a row of the target the columns go a long way, the rows stay: it is not turned. Transposed it is.
    rows[:, -1], cols[:, 0], cols[:, -1] = rows[:, 0], 0, 69
    valid = np.zeros(shape, np.uint8), np.zeros(shape[::-1], np.uint8)
    results = [np.full(mask.shape, -1.0) for mask in valid]
    turned = np.ascontiguousarray(rows.T), np.ascontiguousarray(cols.T)
    for grid, out, mask in zip(((rows, cols), turned), results, valid, strict=True):
        array_grid_resampling(
            kernel, source, *grid, (1, 1), out, array_out_mask=mask, nodata_out=-2.0,
            boundary_condition="reflect", trust_padding=True,
        )  # fmt: skip
    assert to_bytes((results[0], valid[0])) == to_bytes((results[1].T, valid[1].T))
    assert -1.0 not in results[0]
