"""Padded images; checked against numpy.pad."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat
from gridr_dask.geometry.boundary import MODES, source_index

modes = st.sampled_from(MODES)
widths = st.tuples(st.integers(0, 13), st.integers(0, 13))
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("edge", "111111", "444444444"),
        ("reflect", "123432", "321234321"),
        ("symmetric", "344321", "432112344"),
        ("wrap", "341234", "123412341"),
    ],
)
def test_what_stands_past_the_ends(mode, before, after):
    line = np.array([1, 2, 3, 4])[source_index(np.arange(-6, 13), 4, mode)]
    assert "".join(map(str, line)) == before + "1234" + after


@given(
    seed=seeds, mode=modes, pad=st.tuples(widths, widths), dtype=st.sampled_from(["u1", "i8", "f4", "c16"])
)
def test_a_padded_image_is_that_of_numpy(seed, mode, pad, dtype):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 99, (2, *rng.integers(1, 5, 2))).astype(dtype)
    padded = compat.source_extent_pad(image[:, ::-1], pad, mode)
    np.testing.assert_array_equal(padded, np.pad(image[:, ::-1], ((0, 0), *pad), mode=mode))
    assert padded.dtype == image.dtype
    assert padded.flags.c_contiguous
    shape, place = compat.get_array_padded_shape(image, pad)
    assert padded.shape == shape
    np.testing.assert_array_equal(padded[place], image[:, ::-1])
    np.testing.assert_array_equal(
        compat.source_extent_pad(image[0], pad, mode, fill=7), np.pad(image[0], pad, mode=mode)
    )


@pytest.mark.parametrize(("fill", "value"), [(7, 7), (None, 0)])
def test_without_a_mode_the_pads_hold_the_fill(fill, value):
    padded = compat.source_extent_pad(np.ones((1, 2), "u1"), [[1, 0], [0, 2]], None, fill)
    assert padded.tolist() == [[value] * 4, [1, 1, value, value]]


@given(
    seed=seeds,
    mode=modes,
    pad=st.lists(widths, min_size=1, max_size=3),
    dtype=st.sampled_from(["u1", "i4", "u8", "f8"]),
    odd=st.booleans(),
)
def test_a_buffer_is_padded_as_by_numpy(seed, mode, pad, dtype, odd):
    rng = np.random.default_rng(seed)
    source = rng.integers(0, 9, rng.integers(1, 5, len(pad))).astype(dtype)
    options = {}
    if mode in ("reflect", "symmetric"):
        options["reflect_type"] = "odd" if odd else "even"
    elif mode == "constant":
        options["constant_values"] = rng.integers(0, 9, (len(pad), 2))
    expected = np.pad(source, pad, mode=mode, **options)
    buffer = np.full(expected.shape, 99, dtype)
    place = tuple(slice(before, before + n) for (before, _), n in zip(pad, source.shape, strict=True))
    buffer[place] = source
    assert compat.pad_inplace(buffer, place, pad, mode, **options) is None
    np.testing.assert_array_equal(buffer, expected)


LINE = np.array([9, 9, 1, 2, 3, 9, 9])


@pytest.mark.parametrize(
    "width", [2, (2, 2), ((2, 2),), {0: (2, 2)}, {-1: 2}, np.array([2, 2], "i1")], ids=repr
)
def test_widths_are_given_as_to_numpy(width):
    line = LINE.copy()
    compat.pad_inplace(line, (slice(2, 5),), width, "edge")
    assert line.tolist() == [1, 1, 1, 2, 3, 3, 3]


def test_a_larger_buffer_is_left_as_it_is_around_the_pads():
    line = LINE.copy()
    with pytest.warns(UserWarning, match="array has 7 samples on axis 0"):
        compat.pad_inplace(line, (slice(2, 5),), (1, 0), "wrap", strict_size=False)
    assert line.tolist() == [9, 3, 1, 2, 3, 9, 9]


EMPTY = np.zeros((0, 3))
PART = (slice(2, 5),)


@pytest.mark.parametrize(
    ("call", "kind", "named"),
    [
        (lambda: compat.pad_inplace(LINE, PART, 2, "linear_ramp"), ValueError, "mode"),
        (lambda: compat.pad_inplace(LINE, PART, 2, ""), ValueError, "mode"),
        (lambda: compat.pad_inplace(LINE, PART, 2, "edge", constant_values=1), ValueError, "constant_values"),
        (lambda: compat.pad_inplace(LINE, PART, 2, "reflect", reflect_type="o"), ValueError, "reflect_type"),
        (lambda: compat.pad_inplace(LINE, PART, 2, constant_values=[1, 2, 3]), ValueError, "constant_values"),
        (lambda: compat.pad_inplace(LINE, PART, 2.0), TypeError, "pad_width"),
        (lambda: compat.pad_inplace(LINE, PART, np.array([2, 2], "u1")), TypeError, "pad_width"),
        (lambda: compat.pad_inplace(LINE, PART, (-1, 2)), ValueError, "pad_width"),
        (lambda: compat.pad_inplace(LINE, PART, (1, 2, 3)), ValueError, "pad_width"),
        (lambda: compat.pad_inplace(LINE, PART, {1: 2}), ValueError, "pad_width"),
        (lambda: compat.pad_inplace(LINE, (slice(0, 3),), (2, 2)), ValueError, "src_win"),
        (lambda: compat.pad_inplace(LINE, (slice(2, 5),) * 2, 2), ValueError, "src_win"),
        (lambda: compat.pad_inplace(LINE, PART, (3, 2)), ValueError, "array"),
        (lambda: compat.pad_inplace(LINE, PART, (1, 2)), ValueError, "strict_size"),
        (lambda: compat.pad_inplace(np.zeros(2), (slice(1, 1),), 1, "wrap"), ValueError, "no sample"),
        (lambda: compat.source_extent_pad(EMPTY, ((1, 0), (0, 0)), "edge"), ValueError, "no sample"),
        (lambda: compat.source_extent_pad(np.ones((2, 2)), ((-1, 0), (0, 0)), "edge"), ValueError, "pad"),
        (
            lambda: compat.source_extent_pad(np.ones((2, 2)), ((0, 0), (0, 0)), ""),
            ValueError,
            "boundary_condition",
        ),
        (lambda: compat.get_array_padded_shape(np.ones(3), ((0, 0), (0, 0))), ValueError, "array_src"),
    ],
)
def test_a_wrong_argument_is_named(call, kind, named):
    kept = LINE.copy()
    with pytest.raises(kind, match=named):
        call()
    np.testing.assert_array_equal(LINE, kept)


def test_an_axis_without_samples_takes_constants():
    assert compat.source_extent_pad(EMPTY, ((1, 0), (0, 0)), "constant").tolist() == [[0, 0, 0]]
