"""Bad arguments of the public prefilter and its helpers: a named error, before anything is written."""

import numpy as np
import pytest

from gridr_dask import (
    GridrError,
    InvalidInputError,
    UnsupportedDtypeError,
    array_bspline_prefiltering,
    compat,
    get_interpolator,
)

BAD, TYPE = InvalidInputError, UnsupportedDtypeError


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


SPLINE = get_interpolator("bspline3")
FILTERED = np.zeros((40, 40))
PREFILTER = {
    "no spline": ({}, BAD, "interp or by n"),
    "two splines": ({"interp": SPLINE, "n": 3}, BAD, "interp or by n"),
    "a kernel without a filter": ({"interp": get_interpolator("linear")}, BAD, "no B-spline"),
    "a name": ({"interp": "bspline3"}, BAD, "no B-spline"),
    "not initialized": ({"interp": get_interpolator("bspline3")}, BAD, "not been initialized"),
    "even order": ({"n": 4}, BAD, "n=4"),
    "order 13": ({"n": 13}, BAD, "n=13"),
    "precision and indices": ({"n": 3, "trunc_idx": np.array([5])}, BAD, "trunc_idx and precision"),
    "neither precision nor indices": ({"n": 3, "precision": None}, BAD, "trunc_idx and precision"),
    "too few indices": ({"n": 5, "trunc_idx": [5], "precision": None}, BAD, "trunc_idx"),
    "negative indices": ({"n": 3, "trunc_idx": [-5], "precision": None}, BAD, "trunc_idx"),
    "fractions as indices": ({"n": 3, "trunc_idx": [5.5], "precision": None}, BAD, "trunc_idx"),
    "too small": ({"array_in": np.zeros((28, 40)), "n": 3}, BAD, "28 x 40"),
    "empty": ({"array_in": np.zeros((0, 40)), "n": 3}, BAD, "0 x 40"),
    "smaller than its own indices": ({"n": 3, "trunc_idx": [40], "precision": None}, BAD, "40 x 40"),
    "float32": ({"array_in": np.zeros((40, 40), "f4"), "n": 3}, TYPE, "array_in.*float64"),
    "a list": ({"array_in": [[0.0]], "n": 3}, TYPE, "array_in"),
    "one axis": ({"array_in": np.zeros(40), "n": 3}, BAD, "array_in"),
    "four axes": ({"array_in": np.zeros((1, 1, 40, 40)), "n": 3}, BAD, "array_in"),
    "read-only": ({"array_in": read_only(FILTERED), "n": 3}, BAD, "array_in.*writeable"),
    "read-only mask": ({"array_in_mask": read_only(np.ones((40, 40), "u1")), "n": 3}, BAD, "mask.*writeable"),
    "mask of another shape": ({"array_in_mask": np.ones((39, 40), "u1"), "n": 3}, BAD, r"mask.*\(39, 40\)"),
    "mask of floats": ({"array_in_mask": np.ones((40, 40)), "n": 3}, TYPE, "mask.*uint8"),
    "threshold 0": ({"n": 3, "mask_influence_threshold": 0}, BAD, "threshold=0"),
    "threshold NaN": ({"n": 3, "mask_influence_threshold": np.nan}, BAD, "threshold=nan"),
    "no threshold with a mask": (
        {"array_in_mask": np.ones((40, 40), "u1"), "n": 3, "mask_influence_threshold": None},
        BAD,
        "mask_influence_threshold",
    ),
}


@pytest.mark.parametrize(("changes", "exception", "message"), PREFILTER.values(), ids=PREFILTER.keys())
def test_a_bad_argument_of_the_prefilter_is_refused_before_anything_is_written(changes, exception, message):
    image = np.random.default_rng(1).normal(size=(40, 40))
    arguments = {"array_in": image.copy()} | changes
    with pytest.raises(exception, match=message):
        array_bspline_prefiltering(**arguments)
    if "array_in" not in changes:
        np.testing.assert_array_equal(arguments["array_in"], image)


def test_the_smallest_image_that_the_prefilter_takes():
    array_bspline_prefiltering(np.zeros((29, 29)), n=3)
    array_bspline_prefiltering(np.zeros((3, 29, 40)), n=3, mask_influence_threshold=None)


@pytest.mark.parametrize(
    "window",
    [[[0, 60], [0, 59]], [[-1, 5], [0, 5]], [[5, 2], [0, 5]], "ab", None, [[0, 1]], [[0.0, 1.0]] * 2],
)
def test_a_bad_safe_window_is_refused_by_its_erosion(window):
    with pytest.raises(InvalidInputError, match="array_in_mask_safe_win"):
        compat.array_bspline_prefiltering_mask_safe_win(np.ones((60, 60), "u1"), window, n=3)


@pytest.mark.parametrize(
    "mask", [None, np.ones(60, "u1"), np.ones((2, 60, 60), "u1")], ids=["none", "1-D", "3-D"]
)
def test_a_bad_mask_is_refused_by_the_erosion_of_its_safe_window(mask):
    with pytest.raises(GridrError, match="mask"):
        compat.array_bspline_prefiltering_mask_safe_win(mask, [[0, 1], [0, 1]], n=3)
