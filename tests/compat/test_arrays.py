"""Replacement and addition under a condition, and conversion between types."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat

INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def test_nan_equals_nan():
    array = np.array([[np.nan, 1.0], [2.0, np.nan]], "f4")
    compat.array_replace(array, np.nan, 5, None)
    assert array.tolist() == [[5, 1], [2, 5]]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap(dtype):
    top = np.iinfo(dtype).max
    array = np.array([[top, 0]], dtype)
    compat.array_add(array, top, 1, True)
    assert array.tolist() == [[np.iinfo(dtype).min, 0]]


def test_both_values_come_from_one_look():
    array = np.array([[0, 1]])
    compat.array_replace(array, 0, 1, 0)
    assert array.tolist() == [[1, 0]]


def test_strided_arrays_change_in_place():
    array = np.zeros((4, 6), "i2")
    compat.array_add(array[::2, 1::2], 0, 3, True, win=[[0, 0], [1, 2]])
    assert array.sum() == 6
    assert (array[0, 3::2] == 3).all()


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"array": np.zeros(3)}, ValueError, "array must be 2-D"),
        ({"array": np.zeros((2, 2), bool)}, TypeError, "array"),
        ({"val_true": 300}, OverflowError, "val_true"),
        ({"val_true": 300}, ValueError, "val_true"),
        ({"val_false": 0.5}, TypeError, "val_false"),
        ({"win": [[0, 2], [0, 1]]}, ValueError, "win"),
        ({"array_cond": np.zeros((2, 2))}, ValueError, "array_cond_val"),
        ({"array_cond_val": 1}, ValueError, "array_cond"),
        ({"array_cond": np.zeros(4), "array_cond_val": 1}, ValueError, "array_cond"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_changes(change, kind, named):
    array = np.zeros((2, 2), "u1")
    arguments = {"array": array, "val_cond": 0, "val_true": 1, "val_false": 2} | change
    with pytest.raises(kind, match=named):
        compat.array_replace(**arguments)
    assert not array.any()


@given(
    source=st.sampled_from([*INTEGERS, "f2", "f4", "f8"]),
    target=st.sampled_from(INTEGERS),
    values=st.lists(st.integers(-(2**63), 2**64 - 1) | st.floats(), min_size=1, max_size=6),
)
def test_integers_are_rounded_then_kept_within_their_limits(source, target, values):
    with np.errstate(all="ignore"):
        kept = [v for v in values if source[0] == "f" or isinstance(v, int)]
        if source[0] != "f":
            kept = [min(max(v, np.iinfo(source).min), np.iinfo(source).max) for v in kept]
        samples = np.array(kept, source)
    result = np.full(samples.shape, 77, target)
    compat.array_convert(samples, result, safe=False)
    low, high = np.iinfo(target).min, np.iinfo(target).max
    for sample, got in zip(samples.tolist(), result.tolist(), strict=True):
        if sample != sample:
            assert got == 0
        elif np.isinf(sample) or round(sample) > high or round(sample) < low:
            # The limit, or the last value of the source's type before it.
            nearest = high if sample > 0 else low
            assert abs(got - nearest) <= (
                abs(nearest) * float(np.finfo(source).eps) if source[0] == "f" else 0
            )
        else:
            assert got == round(sample)


def test_infinities_and_nan_of_floats_survive():
    source = np.array([np.inf, -np.inf, np.nan, 1e300, 0.3])
    result = np.zeros(5, "f4")
    compat.array_convert(source, result)
    assert result[:2].tolist() == [np.inf, -np.inf]
    assert np.isnan(result[2])
    assert result[3:].tolist() == [np.finfo("f4").max, np.float32(0.3)]


def test_a_clip_range_holds_for_any_pair_of_types():
    result = np.zeros(3, "i1")
    compat.array_convert(np.array([0, 5, 255], "u1"), result, clip=(-10, -5))
    assert result.tolist() == [-5, -5, -5]
    compat.array_convert(np.array([np.nan, 0.2, 9]), result, clip=(1, 3), nan_value=2)
    assert result.tolist() == [2, 1, 3]


def test_the_input_may_be_read_only_and_broadcast():
    source = np.array([1.5, 2.5])
    source.flags.writeable = False
    result = np.zeros((3, 2), "u1")
    compat.array_convert(source, result)
    assert result.tolist() == [[2, 2]] * 3


@pytest.mark.parametrize(
    ("source", "options", "kind"),
    [
        ("f8", {"clip": (20, 10)}, ValueError),
        ("f8", {"clip": (0, 2**70)}, ValueError),
        ("f8", {"clip": None}, TypeError),
        ("f8", {}, ValueError),
        ("?", {}, ValueError),
    ],
)
def test_what_cannot_be_converted(source, options, kind):
    with pytest.raises(kind):
        compat.array_convert(np.zeros(2, source), np.zeros(2, "i8"), **options)


def test_a_profile_is_made_flat():
    profile = compat.ArrayProfile((3, 4, 5), 3, np.dtype("f4"))
    assert profile.size == 60
    profile.make_2d()
    profile.make_2d()
    assert (profile.shape, profile.ndim, profile.size) == ((4, 5), 2, 20)
