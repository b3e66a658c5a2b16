"""Which pixels a mask leaves valid: those all of whose taps are, by a slow and plain oracle."""

from math import ceil, floor

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from gridr_dask import array_grid_resampling, get_interpolator
from gridr_dask.compute.splines import influence_radius
from gridr_dask.geometry.boundary import MODES
from tests import oracles
from tests.engine.cases import EDGES
from tests.pairwise import pairwise

KERNELS = ("nearest", "linear", "cubic", "bspline3", "bspline5", "bspline7", "bspline9", "bspline11")
THRESHOLDS = (1.0, 0.1, 1e-3)
FILL = -77.25

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=max(10, settings().max_examples // 3))


def order_of(kernel):
    return int(kernel.removeprefix("bspline"))


def radius_of(kernel, threshold):
    return influence_radius(order_of(kernel), threshold) if oracles.is_spline(kernel) else 0.0


def resampled(image, rows, cols, kernel, threshold, edge, mask, safe=None, epsilon=1e-12):
    mode, trusted = EDGES[edge]
    return array_grid_resampling(
        kernel,
        image,
        rows,
        cols,
        (1, 1),
        nodata_out=FILL,
        array_in_mask=mask,
        array_in_mask_safe_win=safe,
        array_out_mask=True,
        interp_kwargs={"epsilon": epsilon, "mask_influence_threshold": threshold}
        if oracles.is_spline(kernel)
        else None,
        boundary_condition=mode,
        trust_padding=trusted,
    )


def positions(rng, shape, count=(8, 70)):
    """Positions in general, and on samples and half way exactly, over all edges; one axis may be so alone."""
    axes = [rng.uniform(-3, n + 2, count) for n in shape]
    return [np.where(rng.random(count) < 0.5, np.round(2 * axis) / 2, axis) for axis in axes]


def mask_of(rng, shape):
    """Isolated invalid samples, or blocks that are larger than a kernel, or nearly nothing valid."""
    kind = rng.integers(4)
    mask = (rng.random(shape) > [0.002, 0.02, 0.0, 0.9][kind]).astype("u1")
    if kind == 2:
        for _ in range(3):
            row, col = rng.integers(0, shape)
            mask[row : row + rng.integers(1, 30), col : col + rng.integers(1, 30)] = 0
    return mask


def expected(image, rows, cols, kernel, threshold, edge, mask):
    mode, trusted = EDGES[edge]
    radius = floor(radius_of(kernel, threshold))
    valid = oracles.valid_taps(mask, kernel, mode, bool(trusted), radius)
    valid = oracles.validity(rows, cols, kernel, valid)
    if oracles.is_spline(kernel):
        inside = [np.where(valid, axis, 0.0) for axis in (rows, cols)]
        return oracles.spline_values(image, order_of(kernel), mode, *inside), valid
    return oracles.local_values(image, rows, cols, kernel, mode), valid


@pairwise(
    kernel=KERNELS,
    edge=tuple(EDGES),
    threshold=THRESHOLDS,
    shape=[(9, 11), (40, 23), (70, 90)],
    seed=[1, 2, 3],
)
def test_a_pixel_is_valid_when_all_of_its_taps_are(isa, case):
    rng = np.random.default_rng(case["seed"])
    image, mask = rng.normal(size=case["shape"]) * 50, mask_of(rng, case["shape"])
    rows, cols = positions(rng, case["shape"])
    where = case["kernel"], case["threshold"], case["edge"]
    values, valid = resampled(image, rows, cols, *where, mask)
    want, want_valid = expected(image, rows, cols, *where, mask)
    np.testing.assert_array_equal(valid, want_valid)
    np.testing.assert_allclose(values, np.where(want_valid, want, FILL), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
@few
@given(seed=seeds, threshold=st.sampled_from(THRESHOLDS), edge=st.sampled_from(tuple(EDGES)))
def test_any_mask_gives_the_validity_of_the_oracle(kernel, seed, threshold, edge):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 40, 2).tolist())
    mask = mask_of(rng, shape)
    rows, cols = positions(rng, shape, (3, 66))
    valid = resampled(np.zeros(shape), rows, cols, kernel, threshold, edge, mask)[1]
    np.testing.assert_array_equal(
        valid, expected(np.zeros(shape), rows, cols, kernel, threshold, edge, mask)[1]
    )


@pytest.mark.parametrize("kernel", KERNELS)
@few
@given(
    seed=seeds, scale=st.sampled_from([0.3, 1.0, 4.0, 11.0]), edge=st.sampled_from(["ends", "wrap trusted"])
)
def test_the_summary_of_a_mask_decides_as_its_samples_do(kernel, seed, scale, edge):
    """Spans of many pixels, over few samples and over hundreds."""
    rng = np.random.default_rng(seed)
    shape = (130, 220)
    mask = mask_of(rng, shape)
    if rng.random() < 0.5:
        # Whole tiles of the summary, exactly.
        mask = np.kron(rng.random((9, 14)) > 0.4, np.ones((16, 16))).astype("u1")[: shape[0], : shape[1]]
    start = rng.uniform(-10, 100, 2)
    rows = start[0] + scale * 0.3 * np.add.outer(np.arange(4.0), 0.1 * np.arange(130.0))
    cols = start[1] + scale * np.add.outer(-0.2 * np.arange(4.0), np.arange(130.0))
    valid = resampled(np.zeros(shape), rows, cols, kernel, 0.1, edge, mask)[1]
    np.testing.assert_array_equal(valid, expected(np.zeros(shape), rows, cols, kernel, 0.1, edge, mask)[1])


RINGS = {
    (3, 1.0): 1,
    (3, 0.1): 2,
    (3, 0.01): 4,
    (5, 1.0): 2,
    (5, 0.1): 4,
    (5, 0.01): 7,
    (7, 1.0): 3,
    (7, 0.1): 6,
    (7, 0.01): 10,
}


@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize(("spline", "ring"), RINGS.items(), ids=[f"order {n} at {s}" for n, s in RINGS])
def test_an_untrusted_edge_leaves_a_ring_invalid(mode, spline, ring):
    shape = (30, 37)
    image = np.random.default_rng(1).normal(size=shape)
    interp = get_interpolator(f"bspline{spline[0]}", mask_influence_threshold=spline[1])
    grid = np.indices(shape).astype(float)
    trust = None if mode is None else False
    want = np.zeros(shape, bool)
    want[ring:-ring, ring:-ring] = True
    values, valid = array_grid_resampling(
        interp, image, *grid, (1, 1), array_out_mask=True, boundary_condition=mode, trust_padding=trust
    )
    np.testing.assert_array_equal(valid, want)
    np.testing.assert_allclose(values, np.where(want, image, 0), rtol=0, atol=1e-5)
    lazy = xr.DataArray(image, dims=("y", "x")).chunk(7)
    pair = lazy.gridr.resample(
        grid,
        interp=interp,
        boundary_condition=mode,
        trust_padding=trust,
        return_mask=True,
        nodata_out=0,
        chunks=11,
    )
    assert [half.values.tobytes() for half in pair] == [values.tobytes(), valid.tobytes()]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", KERNELS[3:])
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_trusted_edge_leaves_the_whole_image_valid(mode, kernel, threshold):
    image = np.random.default_rng(1).normal(size=(12, 15))
    rows, cols = np.indices(image.shape).astype(float)
    _, valid = resampled(image, rows, cols, kernel, threshold, f"{mode} trusted", None)
    assert valid.all()


@pytest.mark.parametrize("kernel", KERNELS[3:])
@pytest.mark.parametrize("threshold", [1.0, 0.3, 0.1, 0.01, 1e-3])
def test_an_invalid_sample_invalidates_the_taps_in_a_diamond(kernel, threshold):
    """A pixel on a sample needs as many taps on all sides as half the degree, its diamond the radius more."""
    mask = np.ones((80, 80), "u1")
    mask[40, 41] = 0
    rows, cols = np.indices(mask.shape).astype(float)
    _, valid = resampled(mask * 1.0, rows, cols, kernel, threshold, "reflect trusted", mask)
    half, radius = order_of(kernel) // 2, floor(radius_of(kernel, threshold))
    distance = sum(
        np.maximum(abs(axis - at) - half, 0) for axis, at in zip((rows, cols), (40, 41), strict=True)
    )
    np.testing.assert_array_equal(valid == 0, distance <= radius)


def accepted_unseen(rows, cols, kernel, threshold, window):
    """Pixels whose own full window lies in the safe one, which shrinks by a spline's radius, rounded up."""
    half = {"linear": 1, "cubic": 2}.get(kernel) or (order_of(kernel) + 1) // 2
    inset = half + ceil(radius_of(kernel, threshold))
    nearest = [np.floor(axis + 0.5) for axis in (rows, cols)]
    (r0, r1), (c0, c1) = window
    return (
        (nearest[0] >= r0 + inset)
        & (nearest[0] <= r1 - inset)
        & (nearest[1] >= c0 + inset)
        & (nearest[1] <= c1 - inset)
    )


@pairwise(
    kernel=KERNELS[1:],
    edge=tuple(EDGES),
    threshold=THRESHOLDS,
    window=[((5, 70), (8, 88)), ((0, 79), (0, 99)), ((0, 5), (0, 7)), ((30, 30), (2, 90))],
    seed=[4, 5, 6],
)
def test_a_safe_window_is_trusted_unverified(case):
    """A false promise changes results: by just the pixels whose window lies in it."""
    rng = np.random.default_rng(case["seed"])
    shape = (80, 100)
    image, mask = rng.normal(size=shape), mask_of(rng, shape)
    rows, cols = positions(rng, shape)
    where = case["kernel"], case["threshold"], case["edge"]
    values, valid = resampled(image, rows, cols, *where, mask, case["window"])
    want, want_valid = expected(image, rows, cols, *where, mask)
    trusted = accepted_unseen(rows, cols, case["kernel"], case["threshold"], case["window"])
    if oracles.is_spline(case["kernel"]):
        want = oracles.spline_values(
            image,
            order_of(case["kernel"]),
            EDGES[case["edge"]][0],
            *(np.where(want_valid | trusted, a, 0) for a in (rows, cols)),
        )
    np.testing.assert_array_equal(valid, want_valid | trusted)
    np.testing.assert_allclose(values, np.where(want_valid | trusted, want, FILL), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS[1:])
def test_a_false_promise_does_change_results(kernel):
    rng = np.random.default_rng(9)
    image, mask = rng.normal(size=(80, 80)), np.ones((80, 80), "u1")
    mask[40, 40] = 0
    rows, cols = [np.full((1, 1), 40.25)] * 2
    where = image, rows, cols, kernel, 1e-3, "edge trusted"
    assert not resampled(*where, mask)[1].any()
    promised = resampled(*where, mask, ((5, 75), (5, 75)))
    assert promised[1].all()
    np.testing.assert_array_equal(promised[0], resampled(*where, None)[0])


def test_nearest_looks_at_its_sample_even_in_a_safe_window():
    mask = np.ones((9, 9), "u1")
    mask[4, 4] = 0
    rows, cols = np.indices(mask.shape).astype(float)
    _, valid = resampled(mask * 1.0, rows, cols, "nearest", 1.0, "ends", mask, ((0, 8), (0, 8)))
    np.testing.assert_array_equal(valid, mask)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", [bool, "u1", "i1", "i8", "f4"])
def test_any_mask_value_but_0_is_valid(kernel, dtype):
    rng = np.random.default_rng(3)
    image, mask = rng.normal(size=(30, 30)), mask_of(rng, (30, 30))
    rows, cols = positions(rng, mask.shape)
    want = resampled(image, rows, cols, kernel, 0.1, "edge trusted", mask)
    nine = np.where(mask, 9, 0).astype(dtype)
    if dtype == "u1":
        again = resampled(image, rows, cols, kernel, 0.1, "edge trusted", nine)
        assert [half.tobytes() for half in again] == [half.tobytes() for half in want]
    options = {"epsilon": 1e-12, "mask_influence_threshold": 0.1} if oracles.is_spline(kernel) else {}
    pair = xr.DataArray(image, dims=("y", "x")).gridr.resample(
        (rows, cols),
        interp=get_interpolator(kernel, **options),
        mask=nine,
        boundary_condition="edge",
        trust_padding=True,
        nodata_out=FILL,
        return_mask=True,
    )
    assert [half.values.tobytes() for half in pair] == [half.tobytes() for half in want]
