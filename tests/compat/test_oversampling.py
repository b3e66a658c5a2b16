"""Shifted and interpolated grids; checked against GridR 0.6.0."""

import numpy as np
import pytest
from gridr.core.grid import grid_utils as reference
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat

GRID = np.array([[[0.0, 10, 20], [30, 40, 50]]])
MASK = np.array([[1, 1, 0], [1, 1, 1]], np.uint8)
OVERSAMPLED = [[0, 5, 10, 15, 20], [15, 20, 25, 30, 35], [30, 35, 40, 45, 50]]
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
@pytest.mark.parametrize("choice", ["all", "win", "mask", "win+mask"])
def test_a_shift_as_the_reference(dtype, choice):
    rng = np.random.default_rng(1)
    rows, cols = rng.uniform(-99, 99, (2, 5, 6)).astype(dtype)
    shift = (3, -2) if dtype == "i4" else (0.1, -2.7)
    options = {}
    if "win" in choice:
        options["win"] = np.array([[1, 3], [0, 4]])
    if "mask" in choice:
        options |= {"grid_mask": rng.integers(6, 8, (5, 6)).astype("u1"), "grid_mask_valid_value": 7}
    theirs = rows.copy(), cols.copy()
    if dtype == "i4" and "mask" in choice:  # which the reference does not take
        theirs = rows.astype("f8"), cols.astype("f8")
    reference.array_shift_grid_coordinates(*theirs, shift, **options)
    assert compat.array_shift_grid_coordinates(rows, cols, shift, **options) is None
    np.testing.assert_array_equal((rows, cols), theirs)


def test_nodata_nodes_stay():
    rows, cols = np.array([[0.0, -999, 1]]), np.array([[-999.0, 5, 6]])
    compat.array_shift_grid_coordinates(rows, cols, (1, 2), grid_nodata=-999)
    assert (rows.tolist(), cols.tolist()) == ([[0, -999, 2]], [[-999, 5, 8]])


def test_a_mask_hides_nodata():
    rows, cols = np.array([[-999.0, 1]]), np.zeros((1, 2))
    compat.array_shift_grid_coordinates(
        rows, cols, (1, 0), grid_mask=np.array([[1, 0]], "u1"), grid_nodata=-999
    )
    assert rows.tolist() == [[-998, 1]]


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"win": [[0, 2], [0, 0]]}, ValueError, "win"),
        ({"win": [[1, 0], [0, 0]]}, IndexError, "win"),
        ({"grid_shift": (0, 0.5)}, TypeError, "grid_shift"),
        ({"grid_mask": np.zeros((3, 3), "u1")}, ValueError, "grid_mask"),
        ({"grid_col": np.zeros((3, 3))}, ValueError, "grid_col"),
    ],
)
def test_a_wrong_shift_is_named_and_nothing_changes(change, kind, named):
    rows, cols = np.zeros((2, 2, 2), int)
    arguments = {"grid_row": rows, "grid_col": cols, "grid_shift": (1, 1)} | change
    with pytest.raises(kind, match=named):
        compat.array_shift_grid_coordinates(**arguments)
    assert not rows.any()
    assert not cols.any()


def test_a_worked_example():
    grid, mask = compat.oversample_regular_grid(GRID, 2, 2, MASK)
    assert grid.tolist() == [OVERSAMPLED]
    assert mask[:, -1].tolist() == [0, 1, 1]
    _, mask = compat.oversample_regular_grid(GRID, 2, 2, MASK, grid_mask_binarize_precision=0.999)
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert compat.oversample_regular_grid(None, 2, 2, MASK, dtype=float)[0] is None


@pytest.mark.parametrize("precision", [1e-6, 0.999])
@given(seed=seeds, steps=st.tuples(st.integers(1, 4), st.integers(1, 4)), dtype=st.sampled_from(["f4", "f8"]))
def test_an_oversampled_grid_as_the_reference(precision, seed, steps, dtype):
    rng = np.random.default_rng(seed)
    nodes = tuple(rng.integers(2, 6, 2))
    grid = rng.uniform(-100, 100, (2, *nodes)).astype(dtype)
    mask = rng.integers(0, 2, nodes).astype("u1")
    full = compat.grid_full_resolution_shape(nodes, steps)
    win = np.sort([rng.integers(0, n, 2) for n in full], axis=1)
    arguments = (grid, *steps, mask, None, precision, np.uint8, win)
    mine, theirs = compat.oversample_regular_grid(*arguments), reference.oversample_regular_grid(*arguments)
    assert mine[0].dtype == theirs[0].dtype == dtype
    np.testing.assert_allclose(mine[0], theirs[0], rtol=0, atol=100 * 4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(mine[1], theirs[1])
    built = compat.build_grid((1, 1), grid, win, steps, None)
    np.testing.assert_allclose(built, mine[0], rtol=0, atol=100 * 4 * np.finfo(dtype).eps)


def test_nodes_are_exact_and_keep_their_nan_to_themselves():
    grid = GRID.copy()
    grid[0, 0, 2] = np.nan
    values, _ = compat.oversample_regular_grid(grid, 2, 2, None)
    want = np.array([OVERSAMPLED], float)
    want[0, :2, 3:] = np.nan
    np.testing.assert_array_equal(values, want)


@given(seed=seeds)
def test_interpolation_as_the_reference(seed):
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(2, 6, 2)
    y, x = np.cumsum(rng.uniform(0.1, 2, rows)), np.cumsum(rng.uniform(0.1, 2, cols))
    if seed % 2:
        x = x[::-1]
    grid, mask = rng.uniform(-1, 1, (2, rows, cols)), rng.integers(0, 2, (rows, cols)).astype("u1")
    arguments = (grid, mask, x, y, rng.uniform(-1, 9, 7), np.concatenate([rng.uniform(-1, 9, 7), y]))
    mine, theirs = compat.interpolate_grid(*arguments), reference.interpolate_grid(*arguments)
    np.testing.assert_allclose(mine[0], theirs[0], rtol=0, atol=1e-14)
    np.testing.assert_array_equal(mine[1], theirs[1])


def test_a_grid_is_built_into_a_buffer():
    out = np.zeros((1, 2, 4), "f4")
    assert compat.build_grid((1, 1), GRID, [[0, 1], [1, 4]], (2, 2), out) is None
    assert out.tolist() == [[[5, 10, 15, 20], [20, 25, 30, 35]]]
    crop = compat.build_grid((1, 1), GRID, [[1, 1], [0, 1]], (1, 1), None)
    assert crop.tolist() == [[[30, 40]]]
    assert crop.base is None
    integers = compat.build_grid((1, 1), GRID.astype(int), None, (2, 2), None)
    assert integers.tolist() == [OVERSAMPLED]


AXES = (np.arange(3.0), np.arange(2.0), [0.5], [0.5])


@pytest.mark.parametrize(
    ("call", "kind", "named"),
    [
        (lambda: compat.build_grid((1, 2), GRID, None, (2, 2), None), ValueError, "resolution"),
        (
            lambda: compat.build_grid((1, 1), GRID, [[0, 9], [0, 0]], (2, 2), None),
            ValueError,
            "grid_target_win",
        ),
        (lambda: compat.build_grid((1, 1), GRID, None, (2, 2), np.zeros((1, 3, 4))), ValueError, "out"),
        (lambda: compat.build_grid((1, 1), GRID[0], None, (2, 2), None), ValueError, "grid"),
        (lambda: compat.oversample_regular_grid(GRID[0], 2, 2, None), ValueError, "grid"),
        (lambda: compat.oversample_regular_grid(None, 2, 2, None), ValueError, "grid_mask"),
        (lambda: compat.oversample_regular_grid(None, 2, 2, MASK), ValueError, "dtype"),
        (lambda: compat.oversample_regular_grid(GRID.astype(int), 2, 2, None), ValueError, "dtype"),
        (lambda: compat.oversample_regular_grid(GRID, 2, 2, None, win=[[0, 3], [0, 0]]), ValueError, "win"),
        (lambda: compat.interpolate_grid(GRID[0], None, *AXES), ValueError, "grid"),
        (lambda: compat.interpolate_grid(None, MASK[0], *AXES), ValueError, "grid_mask"),
        (lambda: compat.interpolate_grid(GRID, None, [0, 1, 1], *AXES[1:]), ValueError, "x must"),
        (lambda: compat.interpolate_grid(GRID, None, *AXES[:3], [7], dtype=int), TypeError, "dtype"),
    ],
)
def test_a_wrong_argument_is_named(call, kind, named):
    with pytest.raises(kind, match=named):
        call()
