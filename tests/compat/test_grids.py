"""Regular grids, and the nodes of a window; checked against GridR 0.6.0."""

import numpy as np
import pytest
from gridr.core.grid import grid_commons as reference
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
several = st.tuples(st.integers(2, 9), st.integers(2, 9))
steps = st.tuples(st.integers(1, 6), st.integers(1, 6))
numbers = st.floats(-1e6, 1e6)


@st.composite
def windows_of(draw, shape):
    return np.array([sorted([draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))]) for n in shape])


@pytest.mark.parametrize(
    ("resolution", "win", "shape", "plain", "safe"),
    [
        ((2, 3), [[0, 4], [0, 4]], (3, 3), [[[0, 2], [0, 2]], [[0, 4], [0, 4]]], None),
        ((2, 3), [[1, 3], [2, 2]], (3, 3), [[[0, 2], [0, 1]], [[1, 3], [2, 2]]], None),
        (
            (2, 3),
            [[4, 4], [0, 0]],
            (3, 3),
            [[[2, 2], [0, 0]], [[0, 0], [0, 0]]],
            [[[1, 2], [0, 1]], [[2, 2], [0, 0]]],
        ),
        (
            (2, 3),
            [[4, 4], [6, 6]],
            (3, 3),
            [[[2, 2], [2, 2]], [[0, 0], [0, 0]]],
            [[[1, 2], [1, 2]], [[2, 2], [3, 3]]],
        ),
        (
            (2, 3),
            [[2, 2], [3, 3]],
            (3, 3),
            [[[1, 1], [1, 1]], [[0, 0], [0, 0]]],
            [[[1, 2], [1, 2]], [[0, 0], [0, 0]]],
        ),
        ((1, 1), [[4, 4], [6, 6]], (5, 7), [[[4, 4], [6, 6]], [[0, 0], [0, 0]]], None),
        ((2, 2), [[0, 0], [0, 0]], (1, 1), [[[0, 0], [0, 0]], [[0, 0], [0, 0]]], None),
    ],
)
def test_nodes_of_a_window(resolution, win, shape, plain, safe):
    assert [w.tolist() for w in compat.grid_resolution_window(resolution, win)] == plain
    got = [w.tolist() for w in compat.grid_resolution_window_safe(resolution, win, shape)]
    assert got == (safe or plain)


@given(data=st.data(), shape=shapes, resolution=steps)
def test_nodes_of_a_window_as_the_reference(data, shape, resolution):
    full = compat.grid_full_resolution_shape(shape, resolution)
    assert full == reference.grid_full_resolution_shape(shape, resolution)
    win = data.draw(windows_of(full))
    for got, want in zip(
        (
            *compat.grid_resolution_window(resolution, win),
            *compat.grid_resolution_window_safe(resolution, win, shape),
        ),
        (
            *reference.grid_resolution_window(resolution, win),
            *reference.grid_resolution_window_safe(resolution, win, shape),
        ),
        strict=True,
    ):
        np.testing.assert_array_equal(got, want)


def test_a_window_past_the_grid_is_cut():
    got = compat.grid_resolution_window_safe((2, 3), [[1, 30], [2, 2]], (3, 3))
    assert [w.tolist() for w in got] == [[[0, 2], [0, 1]], [[1, 4], [2, 2]]]
    nodes, _ = compat.grid_resolution_window_safe((2, 3), [[10, 30], [12, 20]], (3, 3))
    assert nodes.tolist() == [[2, 2], [2, 2]]


@given(shape=shapes, origin=st.tuples(numbers, numbers), resolution=st.tuples(numbers, numbers))
def test_regular_coordinates_as_the_reference(shape, origin, resolution):
    for name in ("grid_regular_coords_1d", "grid_regular_coords_2d"):
        got = getattr(compat, name)(shape, origin, resolution)
        for mine, theirs in zip(got, getattr(reference, name)(shape, origin, resolution), strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("form", ["1d", "2d", "sparse", "3d"])
@given(
    shape=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    origin=st.tuples(numbers, numbers),
    resolution=steps,
)
def test_a_description_is_found_again(form, shape, origin, resolution):
    if form == "1d":
        coords = compat.grid_regular_coords_1d(shape, origin, resolution)
    else:
        coords = compat.grid_regular_coords_2d(shape, origin, resolution, sparse=form == "sparse")
    got = compat.regular_grid_shape_origin_resolution(np.array(coords) if form == "3d" else coords)
    assert got[:2] == (shape, origin)
    np.testing.assert_allclose(got[2], resolution, atol=1e-9)


def test_a_single_node_has_no_resolution():
    coords = compat.grid_regular_coords_2d((1, 4), (0, 10), (2, 3))
    shape, origin, resolution = compat.regular_grid_shape_origin_resolution(coords)
    assert (shape, origin, resolution[1]) == ((1, 4), (0, 10), 3)
    assert np.isnan(resolution[0])


@pytest.mark.parametrize("form", ["1d", "2d", "3d"])
def test_a_window_of_coordinates_is_described_by_a_window_of_the_description(form):
    description = (3, 4), (0.0, 10.0), (2, 5)
    if form == "1d":
        coords = compat.grid_regular_coords_1d(*description)
    else:
        coords = compat.grid_regular_coords_2d(*description)
    win = np.array([[1, 2], [1, 3]])
    cut = compat.window_apply_grid_coords(np.array(coords) if form == "3d" else coords, win)
    assert isinstance(cut, tuple)
    want = compat.window_apply_shape_origin_resolution(*description, win)
    assert want == ((2, 3), (2, 15), (2, 5))
    assert compat.regular_grid_shape_origin_resolution(cut) == want


def test_a_description_is_either_coordinates_or_the_others():
    coords = compat.grid_regular_coords_2d((3, 4), (0, 10), (2, 5))
    assert compat.check_grid_coords_definition(None, (3, 4), (0, 10), (2, 5)) is None
    assert compat.check_grid_coords_definition(coords, None, None, None) == coords
    pair = compat.check_grid_coords_definition(np.array(coords), None, None, None)
    assert isinstance(pair, tuple)
    np.testing.assert_array_equal(pair, coords)


X = np.arange(4.0)
XX = X[None]
REGULAR = (1, 1), (0, 0), (1, 1)


@pytest.mark.parametrize(
    ("call", "kind", "named"),
    [
        (lambda: compat.check_grid_coords_definition(None, None, None, None), ValueError, "grid_coords"),
        (lambda: compat.check_grid_coords_definition(None, (1, 1), (0, 0), None), ValueError, "resolution"),
        (lambda: compat.check_grid_coords_definition((X, X), (1, 1), None, None), ValueError, "shape"),
        (lambda: compat.check_grid_coords_definition((X,), None, None, None), TypeError, "grid_coords"),
        (
            lambda: compat.check_grid_coords_definition((X, XX), None, None, None),
            TypeError,
            "grid_coords",
        ),
        (lambda: compat.check_grid_coords_definition((1, 2), None, None, None), TypeError, "grid_coords"),
        (lambda: compat.check_grid_coords_definition(X, None, None, None), TypeError, "grid_coords"),
        (lambda: compat.regular_grid_shape_origin_resolution(X), TypeError, "grid_coords"),
        (lambda: compat.regular_grid_shape_origin_resolution(np.zeros((3, 2, 2))), TypeError, "grid_coords"),
        (lambda: compat.window_apply_grid_coords((X, X), [[0, 4], [0, 0]]), ValueError, "win"),
        (
            lambda: compat.window_apply_shape_origin_resolution(*REGULAR, [0, 1]),
            ValueError,
            "win",
        ),
        (lambda: compat.grid_resolution_window((0, 1), [[0, 1], [0, 1]]), ValueError, "resolution"),
        (lambda: compat.grid_resolution_window_safe((1, 1), [[0, 1.5], [0, 1]], (1, 1)), ValueError, "win"),
    ],
)
def test_a_wrong_argument_is_named(call, kind, named):
    with pytest.raises(kind, match=named):
        call()
