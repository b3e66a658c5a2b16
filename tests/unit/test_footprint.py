"""From grid nodes to source windows."""

from itertools import product

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st

from gridr_dask.compute import Nodes
from gridr_dask.compute.hulls import hulls_of_pixels
from gridr_dask.errors import CoverageError, InvalidInputError
from gridr_dask.geometry import Boundary, Grid, Window
from gridr_dask.plan import footprint, node_bounds, position_bounds
from gridr_dask.plan.footprint import FAR, ROUNDING, tap_windows
from gridr_dask.positions.cells import upsampled
from tests import oracles
from tests.drawn import NOISE
from tests.scenes import BOUNDARIES, KERNELS, LOCAL, SPLINES, kernel_named
from tests.strategies import seeds


def naive_bounds(rows, cols, row_spans, col_spans):
    bounds = np.full((len(row_spans), len(col_spans), 4), [np.inf, -np.inf, np.inf, -np.inf])
    for i, row_span in enumerate(row_spans):
        for j, col_span in enumerate(col_spans):
            for r in range(*row_span):
                for c in range(*col_span):
                    y, x = rows[r, c], cols[r, c]
                    if np.isfinite(y) and np.isfinite(x):
                        low_y, high_y, low_x, high_x = bounds[i, j]
                        bounds[i, j] = min(low_y, y), max(high_y, y), min(low_x, x), max(high_x, x)
    return bounds


def spans(rng, size):
    """Ascending spans that may overlap, touch, or leave gaps."""
    starts = np.sort(rng.integers(0, size, rng.integers(1, 6)))
    return [(int(a), int(rng.integers(a + 1, size + 1))) for a in starts]


@given(seed=seeds, broken=st.sampled_from([0, 0.3, 1]), dtype=st.sampled_from(["f4", "f8", ">f8"]))
def test_bounds_are_those_of_a_loop_over_finite_nodes(seed, broken, dtype):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 12, 2))
    rows, cols = rng.normal(size=(2, *shape))
    rows[rng.random(shape) < broken] = rng.choice([np.nan, np.inf, -np.inf])
    cols[rng.random(shape) < broken / 2] = rng.choice([np.nan, np.inf, -np.inf])
    rows, cols = rows.astype(dtype), cols.astype(dtype)
    args = rows, cols, spans(rng, shape[0]), spans(rng, shape[1])
    np.testing.assert_array_equal(node_bounds(*args), naive_bounds(*args))


def test_a_node_inside_a_window_counts_as_much_as_one_at_its_edge():
    rows = np.zeros((5, 5))
    rows[2, 2] = 40
    assert node_bounds(rows, rows, [(0, 5)], [(0, 5)]).tolist() == [[[0, 40, 0, 40]]]


def test_bounds_without_a_finite_node_are_empty():
    nodes = np.full((2, 2), np.nan)
    bounds = node_bounds(nodes, nodes, [(0, 2)], [(0, 2)])
    assert bounds.tolist() == [[[np.inf, -np.inf, np.inf, -np.inf]]]


@given(
    seed=seeds,
    broken=st.sampled_from([0, 0.1, 0.4]),
    resolution=st.sampled_from([(1, 1), (2, 3), (1, 7), (10, 10), (64, 5)]),
    scale=st.sampled_from([1.0, 1e-9, 1e5, 1e7, 1e12]),
    dtype=st.sampled_from(["f4", "f8"]),
)
def test_bounds_hold_every_position_and_no_node_beyond_their_cells(seed, broken, resolution, scale, dtype):
    """The positions as the engine computes them; also where nodes are not finite, or rounding is coarse."""
    rng = np.random.default_rng(seed)
    shape, first = tuple(rng.integers(2, 7, 2)), tuple(rng.integers(0, 3, 2))
    rows, cols = (scale * rng.normal(size=(2, *shape)) * rng.choice([1, 1e-6, 0], shape)).astype(dtype)
    rows[rng.random(shape) < broken] = rng.choice([np.nan, np.inf])
    pixels = [(size - 1) * step + 1 for size, step in zip(shape, resolution, strict=True)]
    targets = [
        np.array(spans(rng, size)) + start * step
        for size, start, step in zip(pixels, first, resolution, strict=True)
    ]
    found = position_bounds(rows, cols, *targets, first, resolution)
    inward = np.array([1, -1, 1, -1])
    for (i, span), (j, across) in product(*map(enumerate, targets)):
        with np.errstate(invalid="ignore"):
            positions = upsampled(Nodes(rows, cols, first, resolution), Window(tuple(span), tuple(across)))
        valid = np.isfinite(positions).all(axis=0)
        least = (
            [extreme(part[valid]) for part in positions for extreme in (np.min, np.max)]
            if valid.any()
            else []
        )
        if least:
            slack = 4 * np.spacing(np.abs(found[i, j]))  # as `tap_windows` adds
            assert (found[i, j] * inward <= np.array(least) * inward + slack).all()
        grid = Grid(shape, resolution)
        nodes = [of - start for of, start in zip(grid.nodes_of_chunks([span], [across]), first, strict=True)]
        whole = node_bounds(rows, cols, *nodes)[0, 0]
        assert (found[i, j] * inward >= whole * inward - ROUNDING - 1e-9 * np.abs(scale)).all()


@given(seed=seeds)
def test_bounds_of_a_plane_are_those_of_its_pixels(seed):
    rng = np.random.default_rng(seed)
    i, j = np.mgrid[:6, :7] * np.array([[[100]], [[40]]])
    a, b, c, d = rng.uniform(-2, 2, 4)
    targets = spans(rng, 501), spans(rng, 241)
    found = position_bounds(a * i + b * j, c * i + d * j, *targets, (0, 0), (100, 40))
    for (k, rows), (m, cols) in product(*map(enumerate, targets)):
        y, x = np.meshgrid([rows[0], rows[1] - 1], [cols[0], cols[1] - 1])
        exact = [extreme(part) for part in (a * y + b * x, c * y + d * x) for extreme in (np.min, np.max)]
        np.testing.assert_allclose(found[k, m], exact, rtol=0, atol=2 * ROUNDING)


def test_a_bulge_within_a_window_counts_between_the_edges_too():
    rows = np.zeros((5, 5))
    rows[2, 2] = 40
    found = position_bounds(rows, rows, [(3, 38)], [(3, 38)], (0, 0), (10, 10))[0, 0]
    np.testing.assert_allclose(found, [0, 40, 0, 40], atol=ROUNDING)
    beside = position_bounds(rows, rows, [(3, 38)], [(11, 16)], (0, 0), (10, 10))[0, 0]
    np.testing.assert_allclose(beside, [0, 20, 0, 20], atol=ROUNDING)


JUST_FAR = np.nextafter(FAR, np.inf)


@pytest.mark.parametrize(("last", "expected"), [(FAR, [40, 49]), (JUST_FAR, [0, JUST_FAR])])
def test_cells_of_far_nodes_count_whole(last, expected):
    rows, cols = np.zeros((1, 2)), np.array([[0.0, last]])
    found = position_bounds(rows, cols, [(0, 1)], [(40, 50)], (0, 0), (1, 1 << 24))[0, 0]
    np.testing.assert_allclose(found, [0, 0, *expected], rtol=0, atol=2 * ROUNDING)


def test_far_is_equally_far_for_the_engine(monkeypatch):
    monkeypatch.setattr(footprint, "FAR", np.inf)  # so that plans are always tight
    image = xr.DataArray(da.ones((100, 400), chunks=20), dims=("y", "x"))
    arguments = {"interp": "bspline3", "grid_resolution": (1, 1 << 24), "window": np.s_[:, 200:220]}
    near, far = (
        image.gridr.resample((np.full((1, 2), 50.0), np.array([[0.0, last]])), **arguments)
        for last in (FAR, JUST_FAR)
    )
    np.testing.assert_allclose(near.values, 1)
    with pytest.raises(CoverageError):
        far.compute()


def windows_of(bounds, kernel, shape, origin=(0, 0), boundary=None):
    return tap_windows(bounds, kernel_named(kernel), boundary or Boundary(), shape, origin)


ORIGINS = [0, 5, -7, -20_000, 20_000, -100_000, 2**28, -(2**28)]


@example(kernel="linear", seed=0, origin=-20_000, noise=-1.2e-12, base=0)
@example(kernel="linear", seed=0, origin=-20_000, noise=4.9e-13, base=8)
@example(kernel="cubic", seed=0, origin=-(2**28), noise=-3e-9, base=0)
@given(
    kernel=st.sampled_from(LOCAL),
    seed=seeds,
    origin=st.sampled_from(ORIGINS),
    noise=st.sampled_from([*NOISE, 5e-12, -5e-12, 1e-10, -3e-9, 0.2]),
    base=st.integers(-3, 12),
)
@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "cols"])
def test_a_window_holds_every_sample_that_its_positions_need(axis, kernel, seed, origin, noise, base):
    rng = np.random.default_rng(seed)
    # A source of 9 pixels from 0 on in the frame of the grid, and more pixels before.
    size, frame = 9 + max(0, -origin), max(0, origin)
    along = frame + base + rng.integers(0, 3, rng.integers(1, 4)) / 2 + noise
    shape, origins = [size, 5], [origin, 0]
    points = np.stack([along, np.full(along.shape, 2.0)], axis=1)
    if axis:
        shape, origins, points = shape[::-1], origins[::-1], points[:, ::-1]
    bounds = np.array([*zip(points.min(0), points.max(0), strict=True)]).ravel()
    window = windows_of(bounds, kernel, tuple(shape), tuple(origins))
    r0, r1, c0, c1 = window.tolist()
    assert 0 <= r0 <= r1 <= shape[0]
    assert 0 <= c0 <= c1 <= shape[1]
    for y, x in points.tolist():
        for row, col in oracles.support(y, x, kernel, tuple(shape), tuple(origins)):
            assert r0 <= row < r1
            assert c0 <= col < c1


@given(
    kernel=st.sampled_from(KERNELS),
    boundary=st.sampled_from(BOUNDARIES),
    size=st.integers(0, 60),
    origin=st.sampled_from(ORIGINS),
    noise=st.sampled_from([*NOISE, 5e-12, -3e-9, 0.2]),
    seed=seeds,
)
@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "cols"])
def test_a_window_holds_every_tap_of_every_valid_position(axis, kernel, boundary, size, origin, noise, seed):
    rng = np.random.default_rng(seed)
    along = origin + rng.integers(-6, 2 * size + 6, rng.integers(1, 4)) / 2 + noise
    shape, origins, across = [size, 60], [origin, 0], [30.0, 30.0]
    bounds = [along.min(), along.max(), *across]
    if axis:
        shape, origins, bounds = shape[::-1], origins[::-1], [*across, along.min(), along.max()]
    window = windows_of(np.array(bounds), kernel, tuple(shape), tuple(origins), boundary)
    start, stop = window[2 * axis : 2 * axis + 2].tolist()
    first, end = kernel_named(kernel).domain(size, boundary)
    assert start == stop == 0 or first <= start < stop <= end
    for x in along:
        taps = [tap - origin for tap in oracles.needed(x, kernel)]
        if first <= taps[0] and taps[-1] < end:
            assert start <= taps[0]
            assert taps[-1] < stop


@pytest.mark.parametrize("shape", [(8, 50), (50, 8)], ids=str)
def test_a_spline_sees_nothing_of_an_image_that_is_all_edge(shape):
    for kernel in SPLINES:
        assert windows_of(np.array([0.0, 49.0, 0.0, 49.0]), kernel, shape).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("kernel", "bounds", "want"),
    [
        ("nearest", (2.0, 5.4, 1.0, 1.0), (2, 7, 1, 3)),
        ("linear", (2.0, 5.4, 1.0, 1.0), (2, 7, 1, 3)),
        ("cubic", (2.1, 5.4, 3.0, 3.0), (1, 8, 2, 6)),
        ("cubic", (-50.0, 5.4, 0.5, 300.0), (0, 8, 0, 20)),
    ],
    ids=["nearest", "linear", "cubic", "clipped"],
)
def test_a_window_is_no_wider_than_the_kernel_needs(kernel, bounds, want):
    r0, r1, c0, c1 = windows_of(np.array(bounds), kernel, (10, 20)).tolist()
    assert (want[0] - 1 <= r0 <= want[0], want[2] - 1 <= c0 <= want[2]) == (True, True)
    assert (want[1] - 1 <= r1 <= want[1], want[3] - 1 <= c1 <= want[3]) == (True, True)


@pytest.mark.parametrize("kernel", LOCAL)
@pytest.mark.parametrize(
    "bounds",
    [
        (-9.0, -1.5, 2.0, 3.0),
        (10.5, 90.0, 2.0, 3.0),
        (2.0, 3.0, 20.5, 21.0),
        (np.inf, -np.inf, np.inf, -np.inf),
        (1e300, 1e301, 2.0, 3.0),
        (-1e301, -1e300, 2.0, 3.0),
        (np.finfo(float).max, np.finfo(float).max, 2.0, 3.0),
    ],
    ids=["above", "below", "right", "no node", "1e300", "-1e300", "the largest float"],
)
def test_a_window_that_sees_no_source_is_all_zero(kernel, bounds):
    window = windows_of(np.array(bounds), kernel, (10, 20))
    assert window.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("kernel", LOCAL)
def test_bounds_of_any_size_are_clipped_to_the_source(kernel):
    big = np.finfo(float).max
    window = windows_of(np.array([-big, big, -1e300, 1e300]), kernel, (10, 20))
    assert window.tolist() == [0, 10, 0, 20]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_an_empty_source_is_seen_by_nobody(kernel, shape):
    bounds = np.array([-1.0, 1.0, -1.0, 1.0])
    assert windows_of(bounds, kernel, shape).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("ends", [[0, 41], [-1, 3], [5, 4]])
def test_windows_lie_between_the_nodes(ends):
    nodes = np.zeros((5, 5))
    with pytest.raises(InvalidInputError, match="windows: expected ends from 0 to 40"):
        hulls_of_pixels(nodes, nodes, np.array([ends]), np.array([[0, 40]]), (10, 10))
