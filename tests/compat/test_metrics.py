"""Extent of a grid; checked against GridR 0.6.0."""

import pickle

import numpy as np
import pytest
from gridr.core.grid import grid_utils as reference
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat

ROWS = np.array([[1, 1.5, 2, 2.5], [3, 3.5, 4, 4.5], [5, 5.5, 6, 6.5]])
COLS = np.array([[2.0, 4, 6, 8], [1, 3, 5, 7], [0, 2, 4, 6]])
MASK = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0]], np.uint8)


def flat(bounds):
    return None if bounds is None else (bounds.xmin, bounds.xmax, bounds.ymin, bounds.ymax)


def test_all_nodes_of_the_worked_example():
    metrics = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3))
    assert flat(metrics.dst_bounds) == (0, 3, 0, 2)
    assert flat(metrics.src_bounds) == (0, 8, 1, 6.5)
    assert metrics.dst_row_edges == [(0, 3)] * 3
    assert metrics.dst_col_edges == [(0, 2)] * 4
    assert metrics.src_row_edges[1] == [(2.5, 8), (4.5, 7), (6.5, 6)]
    matrix = metrics.transition_matrix
    assert matrix.w1 == pytest.approx((2 / 3, 1 / 6), abs=1e-16)
    assert matrix.w2 == (-0.5, 1)
    assert matrix.w() == pytest.approx([2 / 3, -0.5, 1 / 6, 1], abs=1e-16)
    assert matrix.det_w() == pytest.approx(0.75, abs=1e-15)


def test_masked_nodes_of_the_worked_example():
    metrics = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3), grid_mask=MASK)
    assert metrics.dst_row_edges == [(1, 2), None, (0, 2)]
    assert metrics.dst_col_edges == [(2, 2), (0, 0), (0, 2), None]
    assert flat(metrics.src_bounds) == (0, 6, 1.5, 6)
    assert metrics.src_row_edges == ([(1.5, 4), None, (5, 0)], [(2, 6), None, (6, 4)])
    assert metrics.transition_matrix.w2 == (-0.5, 1)


def test_a_single_node_has_no_direction():
    metrics = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3), [[1, 1], [1, 1]])
    assert flat(metrics.dst_bounds) == (1, 1, 1, 1)
    matrix = metrics.transition_matrix
    assert (matrix.w1, matrix.w2, matrix.w(), matrix.det_w()) == (None,) * 4


def test_interior_nodes_count_for_the_boundaries_only():
    cols = COLS.copy()
    cols[1, 1] = 50
    assert compat.array_compute_resampling_grid_geometries(ROWS, cols, (2, 3)).src_bounds.xmax == 8
    assert compat.array_compute_resampling_grid_src_boundaries(ROWS, cols).xmax == 50


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_node_that_is_not_finite_counts_as_masked(bad):
    rows, cols = ROWS.copy(), COLS.copy()
    rows[MASK == 0] = bad
    cols[0, 0] = bad
    got = compat.array_compute_resampling_grid_geometries(rows, cols, (2, 3))
    assert got == compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3), grid_mask=MASK)
    assert compat.array_compute_resampling_grid_geometries(rows * np.nan, cols, (2, 3)) is None
    assert compat.array_compute_resampling_grid_src_boundaries(rows * np.nan, cols) is None


def test_a_resolution_of_zero_gives_an_infinite_direction():
    matrix = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 0)).transition_matrix
    assert matrix.w1 == (np.inf, np.inf)


def test_strided_and_narrow_grids_are_taken():
    want = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3))
    wide = np.repeat([ROWS, COLS], 2, axis=2).astype("f4")[:, :, ::2]
    assert compat.array_compute_resampling_grid_geometries(*wide, (2, 3)) == want


def test_metrics_are_values_with_settable_bounds():
    metrics = compat.array_compute_resampling_grid_geometries(ROWS, COLS, (2, 3))
    assert pickle.loads(pickle.dumps(metrics)) == metrics
    metrics.src_bounds = compat.GeometryBounds(0.0, 1.0, 2.0, 3.0)
    with pytest.raises(AttributeError):
        metrics.src_bounds.xmin = 5.0


def same(mine, theirs):
    for name in ("dst_row_edges", "dst_col_edges", "src_row_edges", "src_col_edges"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert flat(mine.dst_bounds) == flat(theirs.dst_bounds)
    assert flat(mine.src_bounds) == flat(theirs.src_bounds)
    for name in ("w1", "w2"):
        assert getattr(mine.transition_matrix, name) == getattr(theirs.transition_matrix, name)
    assert mine.transition_matrix.w() == theirs.transition_matrix.w()
    assert mine.transition_matrix.det_w() == theirs.transition_matrix.det_w()


@given(
    seed=st.integers(0, 2**32 - 1),
    validity=st.sampled_from(["all", "mask", "nodata"]),
    part=st.booleans(),
    share=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_random_grids_as_the_reference(seed, validity, part, share):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 2))
    rows, cols = rng.uniform(-50, 50, (2, *shape))
    options = {}
    if validity == "mask":
        options = {
            "grid_mask": rng.choice([3, 0], shape, p=[share, 1 - share]).astype("u1"),
            "grid_mask_valid_value": 3,
        }
    elif validity == "nodata":
        # In both coordinates: the reference looks at the rows only.
        holes = rng.random(shape) > share
        rows[holes] = cols[holes] = -999
        options = {"grid_nodata": -999.000001}
    if part:
        options["win"] = np.sort([rng.integers(0, n, 2) for n in shape], axis=1)
    resolution = tuple(rng.integers(1, 5, 2).tolist())
    mine = compat.array_compute_resampling_grid_geometries(rows, cols, resolution, **options)
    theirs = reference.array_compute_resampling_grid_geometries(rows, cols, resolution, **options)
    assert (mine is None) == (theirs is None)
    if mine is not None:
        same(mine, theirs)
    assert flat(compat.array_compute_resampling_grid_src_boundaries(rows, cols, **options)) == flat(
        reference.array_compute_resampling_grid_src_boundaries(rows, cols, **options)
    )


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"grid_col": COLS[:2]}, ValueError, "grid_col"),
        ({"grid_row": ROWS.astype(complex)}, TypeError, "grid_row"),
        ({"win": [[0, 3], [0, 0]]}, ValueError, "win"),
        ({"win": [[1, 0], [0, 0]]}, ValueError, "win"),
        ({"win": [[-1, 0], [0, 0]]}, ValueError, "win"),
        ({"win": [[0, 0.5], [0, 0]]}, ValueError, "win"),
        ({"grid_mask": MASK[:2]}, ValueError, "grid_mask"),
        ({"grid_mask": MASK.astype("i1")}, TypeError, "grid_mask"),
        ({"grid_mask": MASK, "grid_nodata": 1}, ValueError, "grid_nodata"),
        ({"grid_mask": MASK, "grid_mask_valid_value": None}, ValueError, "grid_mask_valid_value"),
        ({"grid_mask": MASK, "grid_mask_valid_value": 256}, ValueError, "grid_mask_valid_value"),
    ],
)
def test_a_wrong_argument_is_named(change, kind, named):
    arguments = {"grid_row": ROWS, "grid_col": COLS} | change
    with pytest.raises(kind, match=named):
        compat.array_compute_resampling_grid_geometries(grid_resolution=(2, 3), **arguments)
    with pytest.raises(kind, match=named):
        compat.array_compute_resampling_grid_src_boundaries(**arguments)
