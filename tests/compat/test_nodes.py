"""Which nodes of a grid are valid."""

import numpy as np
import pytest

from gridr_dask.compute.nodes import valid_nodes

ROWS = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
COLS = np.array([[9.0, 8.0, 7.0], [6.0, 5.0, 4.0]])


def with_value(array, at, value):
    array = array.copy()
    array[at] = value
    return array


def test_all_finite_nodes_are_valid():
    assert valid_nodes(ROWS, COLS).all()
    assert valid_nodes(ROWS.astype("i2"), COLS.astype("f4")).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("nodata", [None, -9999, np.nan, np.inf])
def test_a_node_that_is_not_finite_is_invalid(bad, nodata):
    for rows, cols in [(with_value(ROWS, (0, 1), bad), COLS), (ROWS, with_value(COLS, (0, 1), bad))]:
        valid = valid_nodes(rows, cols, grid_nodata=nodata)
        assert valid.tolist() == [[True, False, True], [True] * 3]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("nodata", [-9999.9, 0.1, -1, 1e30])
def test_nodata_in_either_coordinate_is_invalid(dtype, nodata):
    rows = with_value(ROWS, (1, 0), nodata).astype(dtype)
    cols = with_value(COLS, (0, 2), nodata).astype(dtype)
    valid = valid_nodes(rows, cols, grid_nodata=nodata)
    assert np.argwhere(~valid).tolist() == [[0, 2], [1, 0]]


def test_nodata_has_a_tolerance():
    rows = np.array([[9e-6, 1e-5, 1.1e-5, -9.9e-6]])
    assert valid_nodes(rows, np.ones((1, 4)), grid_nodata=0).tolist() == [[False, True, True, False]]


def test_a_float32_grid_decides_as_the_same_grid_in_float64():
    rows = np.linspace(0.9e-5, 1.1e-5, 1001, dtype="f4")[None]
    narrow = valid_nodes(rows, np.ones_like(rows), grid_nodata=0)
    np.testing.assert_array_equal(narrow, valid_nodes(rows.astype("f8"), np.ones_like(rows), grid_nodata=0))


def test_a_nodata_that_the_type_cannot_hold_matches_nothing():
    assert valid_nodes(ROWS.astype("f4"), COLS.astype("f4"), grid_nodata=1e300).all()
    assert valid_nodes(ROWS.astype(int), COLS.astype(int), grid_nodata=0.5).all()
    huge = np.full((1, 1), 1.7e308)
    assert valid_nodes(huge, huge, grid_nodata=-1.7e308).all()


@pytest.mark.parametrize("value", [0, 1, 255, np.int64(1)])
def test_a_mask_is_compared_with_its_valid_value(value):
    mask = np.array([[0, 1, 255], [1, 0, 0]], "u1")
    np.testing.assert_array_equal(valid_nodes(ROWS, COLS, mask, value), mask == value)


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"grid_col": COLS[:1]}, ValueError, "grid_col"),
        ({"grid_row": ROWS[0], "grid_col": COLS[0]}, ValueError, "grid_row"),
        ({"grid_row": ROWS.astype(complex)}, TypeError, "grid_row"),
        ({"grid_col": COLS.astype(object)}, TypeError, "grid_col"),
        ({"grid_mask": np.ones((2, 3), "u1"), "grid_nodata": 0.0}, ValueError, "grid_mask and grid_nodata"),
        ({"grid_mask": np.ones((2, 3), bool)}, TypeError, "grid_mask"),
        ({"grid_mask": np.ones((3, 2), "u1")}, ValueError, "grid_mask"),
        *(
            ({"grid_mask": np.ones((2, 3), "u1"), "grid_mask_valid_value": value}, ValueError, "valid_value")
            for value in (None, -1, 256, 1.5)
        ),
    ],
)
def test_a_wrong_argument_is_named(change, kind, named):
    with pytest.raises(kind, match=named):
        valid_nodes(**({"grid_row": ROWS, "grid_col": COLS} | change))


def test_the_valid_value_counts_with_a_mask_only():
    assert valid_nodes(ROWS, COLS, None, None).all()
