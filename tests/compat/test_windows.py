"""Inclusive windows and chunks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat
from gridr_dask.compat.windows import ReversedWindowError
from gridr_dask.errors import InvalidInputError

ARRAY = np.arange(20).reshape(4, 5)
REVERSED = [[2, 1], [0, 0]]
WINDOW = np.array([[1, 2], [1, 3]])


@st.composite
def windows(draw, ndim=None):
    ndim = ndim or draw(st.integers(1, 3))
    starts = [draw(st.integers(-3, 6)) for _ in range(ndim)]
    return [(start, start + draw(st.integers(0, 4))) for start in starts]


@given(win=windows())
def test_slices_and_windows_are_inverse(win):
    indices = compat.window_indices(win)
    shape = (9,) * len(win)
    np.testing.assert_array_equal(compat.window_from_indices(indices, shape), win)
    assert compat.window_shape(win) == tuple(part.stop - part.start for part in indices)
    assert compat.window_shape(win) == tuple(p.stop for p in compat.window_indices(win, reset_origin=True))


@given(win=windows(), axis=st.none() | st.just(0))
def test_a_window_and_its_complement_cover_an_array_once(win, axis):
    count = np.zeros((4, 5, 3)[: len(win)], int)
    for part in compat.complementary_window_indices(win, count.shape, axis):
        assert count[part].size
        count[part] += 1
    inside = [slice(max(first, 0), max(last + 1, 0)) for first, last in win]
    count[tuple(inside[:1] if axis == 0 else inside)] += 1
    assert (count == 1).all()


@given(win=windows(ndim=2))
def test_a_window_lies_within_when_it_overflows_nowhere(win):
    overflow = compat.window_overflow(ARRAY, win)
    assert compat.window_check(ARRAY, win) == (not overflow.any())
    cut = compat.window_extend(win, overflow, reverse=True)
    if (cut[:, 0] <= cut[:, 1]).all():
        assert compat.window_check(ARRAY, cut)


def test_axes_restrict_what_counts():
    win = [[1, 9], [1, 3]]
    assert not compat.window_check(ARRAY, win)
    assert compat.window_check(ARRAY, win, axes=1)
    assert compat.window_check(ARRAY, win, axes=-1)
    assert compat.window_check(ARRAY, [[2, 1], [1, 3]], axes=[1])
    assert compat.window_shape(win, axes=1) == (None, 3)
    assert compat.window_indices(win, axes=[1]) == (slice(None), slice(1, 4))
    assert compat.window_apply(ARRAY, win, axes=1).shape == (4, 3)
    assert compat.window_overflow(ARRAY, [[-1, 9], [-1, 8]], axes=1).tolist() == [[0, 0], [1, 4]]
    assert compat.window_from_indices((slice(1, 3), slice(2)), (4, 5), axes=0).tolist() == [[1, 2], [0, 4]]


def test_a_window_of_an_array_is_a_view():
    view = compat.window_apply(ARRAY, WINDOW)
    assert view.base is not None
    np.testing.assert_array_equal(view, ARRAY[1:3, 1:4])
    assert compat.window_apply(ARRAY, [[-2, 9], [1, 3]], check=False).shape == (2, 3)


def test_bounds_may_be_floats():
    assert compat.window_check(ARRAY, WINDOW + 0.5)
    rio = compat.as_rio_window(WINDOW + 0.5)
    assert (rio.row_off, rio.height) == (1.5, 2)
    np.testing.assert_array_equal(compat.from_rio_window(rio), WINDOW + 0.5)


def test_an_empty_array_has_no_window():
    assert not compat.window_check(np.zeros((0, 5)), WINDOW)


def test_extents_broadcast():
    assert compat.window_extend(WINDOW, 2).tolist() == [[-1, 4], [-1, 5]]
    assert compat.window_extend(WINDOW, [1, 2]).tolist() == [[0, 4], [0, 5]]
    assert compat.window_extend(WINDOW, [[1], [2]], reverse=True).tolist() == [[2, 1], [3, 1]]


def test_an_axis_is_added_in_front_or_behind():
    assert compat.window_expand_ndim(WINDOW, [7, 8]).tolist() == [[7, 8], [1, 2], [1, 3]]
    assert compat.window_expand_ndim(WINDOW, np.array([7, 8]), -1).tolist() == [[1, 2], [1, 3], [7, 8]]


def test_a_chunk_is_not_changed():
    chunk = np.array([[0, 3], [2, 5]])
    assert compat.window_from_chunk(chunk, (10, 20)).tolist() == [[10, 12], [22, 24]]
    assert chunk.tolist() == [[0, 3], [2, 5]]


def test_chunks_are_pairs_of_integers_however_many():
    assert compat.get_chunk_boundaries(10, None) == [(0, 10)]
    assert compat.get_chunk_boundaries(np.int64(4), np.int64(3)) == [(0, 3), (3, 4)]
    assert compat.get_chunk_shapes((4, 5), (3, None)) == [((0, 3), (0, 5)), ((3, 4), (0, 5))]


@pytest.mark.parametrize(
    ("call", "kind", "named"),
    [
        pytest.param(lambda: compat.window_check(np.array(3), WINDOW), ValueError, "arr", id="scalar-array"),
        pytest.param(lambda: compat.window_check(ARRAY, 3), ValueError, "win", id="scalar-window"),
        pytest.param(lambda: compat.window_check(ARRAY, [[0, 1]]), ValueError, "win", id="axes"),
        pytest.param(lambda: compat.window_shape(WINDOW, axes=5), ValueError, "axes", id="no-such-axis"),
        pytest.param(lambda: compat.window_check(ARRAY, REVERSED), ReversedWindowError, "win", id="reversed"),
        pytest.param(lambda: compat.window_check(ARRAY, REVERSED), IndexError, "win", id="index-error"),
        pytest.param(lambda: compat.window_apply(ARRAY, [[0, 4], [0, 0]]), ValueError, "win", id="outside"),
        pytest.param(lambda: compat.window_shift(WINDOW, [1]), ValueError, "shift", id="shift"),
        pytest.param(lambda: compat.window_extend(WINDOW, [1, 2, 3]), ValueError, "extent", id="extent"),
        pytest.param(lambda: compat.window_expand_ndim(WINDOW, [1, 2], 1), ValueError, "pos", id="position"),
        pytest.param(
            lambda: compat.window_from_indices((slice(1, 3, 2),), (4,)), ValueError, "indices", id="step"
        ),
        pytest.param(lambda: compat.get_chunk_shapes((4, 5), (3,)), ValueError, "chunk_shape", id="chunks"),
    ],
)
def test_a_wrong_argument_is_named(call, kind, named):
    with pytest.raises(kind, match=named) as caught:
        call()
    assert isinstance(caught.value, InvalidInputError)
