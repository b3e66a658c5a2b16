"""What a call does about validity; checked against GridR 0.6.0."""

from itertools import product

import numpy as np
import pytest
from gridr.core.grid import grid_resampling as reference
from gridr.core.interp.interpolator import get_interpolator

from gridr_dask import compat
from gridr_dask.compat import ResamplingMaskStrategy as Strategy
from gridr_dask.compat import Validity
from gridr_dask.compute.interpolators import BSpline5Interpolator, PyInterpolatorType, is_bspline

SHAPE = (6, 7)
NO_PAD = np.zeros((2, 2), int)
PAD = np.array([[2, 1], [0, 3]])
FULL = np.ones(SHAPE, np.uint8)
HOLED = FULL.copy()
HOLED[2, 3] = 0
SAFE = np.array([[3, 5], [0, 6]])

IMAGE = [[0, 5], [0, 6]]
DATA = [[2, 7], [0, 6]]
ALL = [[0, 8], [0, 9]]
SHIFTED = [[5, 7], [0, 6]]
INVALID, VALID = Validity

# Real mask, safe window, pad, trusted, B-spline (None: either), and the answer. "absent": unless there is a
# mask array. "if mask": the given mode if there is one. "if alloc": INVALID if a mask is made.
TABLE = {
    1: ((False, None, False, None, False), Strategy("none", None, False, None, None)),
    2: ((False, None, False, None, True), Strategy("safe_region", IMAGE, "absent", "if alloc", None)),
    3: ((False, None, True, True, False), Strategy("none", None, False, None, None)),
    4: ((False, None, True, True, True), Strategy("safe_region", ALL, "absent", VALID, "if mask")),
    5: ((False, None, True, False, None), Strategy("safe_region", DATA, "absent", INVALID, None)),
    6: ((True, False, False, None, None), Strategy("binary", None, False, None, None)),
    7: ((True, False, True, True, None), Strategy("binary", None, False, VALID, "given")),
    8: ((True, False, True, False, None), Strategy("binary", None, False, INVALID, None)),
    9: ((True, True, False, None, None), Strategy("safe_region", SAFE.tolist(), False, None, None)),
    10: ((True, True, True, True, None), Strategy("safe_region", SHIFTED, False, VALID, "given")),
    11: ((True, True, True, False, None), Strategy("safe_region", SHIFTED, False, INVALID, None)),
}


def expected(case, absent, mode):
    """The row of the table that a case falls under."""
    (row,) = (
        answer
        for when, answer in TABLE.values()
        if all(w in (None, c) for w, c in zip(when, case, strict=True))
    )
    if row.needs_mask_alloc == "absent":
        row = row._replace(needs_mask_alloc=absent)
    if row.pad_fill == "if alloc":
        row = row._replace(pad_fill=INVALID if absent else None)
    return row._replace(
        boundary_condition={"given": mode, "if mask": None if absent else mode}.get(row.boundary_condition)
    )


def plain(strategy):
    region = strategy.safe_region
    return strategy._replace(safe_region=None if region is None else np.asarray(region).tolist())


CALLS = list(
    product(
        [None, FULL, HOLED],
        [None, SAFE],
        [NO_PAD, PAD],
        [(None, False), (None, True), ("edge", False), ("edge", True), ("constant", True), ("wrap", True)],
        ["nearest", "linear", "cubic", "bspline3", "bspline11"],
    )
)


@pytest.mark.parametrize(("mask", "safe", "pad", "boundary", "interp"), CALLS)
def test_every_row_of_the_table(mask, safe, pad, boundary, interp):
    mode, trust = boundary
    case = (mask is HOLED, safe is not None, pad is PAD, trust and mode is not None, interp[0] == "b")
    arguments = (interp, pad, mask, mode, trust, SHAPE, safe)
    strategy = compat.resolve_mask_strategy(*arguments)
    assert plain(strategy) == plain(expected(case, mask is None, mode))
    assert (strategy.pad_fill is None) or isinstance(strategy.pad_fill, Validity)
    options = {"epsilon": 1e-3, "mask_influence_threshold": 0.1} if interp[0] == "b" else {}
    theirs = reference.resolve_mask_strategy(get_interpolator(interp, **options), *arguments[1:])
    assert plain(strategy) == plain(theirs)
    compat.check_mask_strategy(pad, strategy)

    result = compat.apply_mask_strategy(mask, pad, SHAPE, strategy)
    if strategy.mask_kind == "none":
        assert result is None
        return
    image = FULL if mask is None else mask
    if mode == "constant" and trust:
        want = np.pad(image, pad, constant_values=1)
    elif mode is not None and trust:
        want = np.pad(image, pad, mode=mode)
    else:
        want = np.pad(image, pad)
    np.testing.assert_array_equal(result, want)
    assert result.dtype == np.uint8
    if not pad.any() and mask is not None:
        assert result is mask


def test_any_value_but_zero_is_valid():
    strategy = compat.resolve_mask_strategy("linear", NO_PAD, np.full(SHAPE, 7, "u1"), None)
    assert strategy.mask_kind == "none"


def test_the_shape_may_have_leading_axes_and_is_only_asked_for_when_needed():
    assert (
        compat.resolve_mask_strategy("linear", PAD, None, None, False, (3, *SHAPE)).safe_region.tolist()
        == DATA
    )
    assert compat.resolve_mask_strategy("linear", NO_PAD, None, None).mask_kind == "none"


@pytest.mark.parametrize(
    ("interp", "answer"),
    [
        ("bspline3", True),
        ("cubic", False),
        (BSpline5Interpolator(), True),
        (BSpline5Interpolator, True),
        (PyInterpolatorType.BSpline9, True),
        (object(), False),
    ],
)
def test_which_interpolations_are_splines(interp, answer):
    assert is_bspline(interp) is answer


def resolve(**change):
    arguments = {
        "interp": "linear",
        "pad": PAD,
        "array_in_mask": HOLED,
        "boundary_condition": None,
        "array_in_shape": SHAPE,
        "array_in_mask_safe_win": SAFE,
    }
    return compat.resolve_mask_strategy(**(arguments | change))


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"boundary_condition": "mirror"}, ValueError, "boundary_condition"),
        ({"boundary_condition": ""}, ValueError, "boundary_condition"),
        ({"pad": [[-1, 0], [0, 0]]}, ValueError, "pad"),
        ({"pad": [1, 2]}, ValueError, "pad"),
        ({"pad": [[0.5, 0], [0, 0]]}, ValueError, "pad"),
        ({"array_in_mask": HOLED.astype(bool)}, TypeError, "array_in_mask"),
        ({"array_in_mask": HOLED[:5]}, ValueError, "array_in_mask"),
        ({"array_in_mask": HOLED[..., None], "array_in_shape": (*SHAPE, 1)}, ValueError, "array_in_mask"),
        ({"array_in_mask": HOLED[None], "array_in_shape": None}, ValueError, "array_in_mask"),
        ({"array_in_mask": None, "array_in_shape": None}, ValueError, "array_in_shape"),
        # Within the padded image, but not within the image.
        ({"array_in_mask_safe_win": [[3, 6], [0, 6]]}, ValueError, "safe_win"),
        ({"array_in_mask_safe_win": [[-1, 3], [0, 6]]}, ValueError, "safe_win"),
        ({"array_in_mask_safe_win": [[3, 2], [0, 6]]}, ValueError, "safe_win"),
        ({"array_in_mask_safe_win": [[0, 1.5], [0, 6]]}, ValueError, "safe_win"),
    ],
)
def test_a_wrong_argument_is_named(change, kind, named):
    with pytest.raises(kind, match=named):
        resolve(**change)


INCONSISTENT = {
    "none-region": (NO_PAD, Strategy("none", SAFE, False, None, None)),
    "none-fill": (PAD, Strategy("none", None, False, VALID, None)),
    "none-alloc": (PAD, Strategy("none", None, True, None, None)),
    "none-mode": (PAD, Strategy("none", None, False, None, "edge")),
    "unknown-kind": (NO_PAD, Strategy("some", None, False, None, None)),
    "no-region": (PAD, Strategy("safe_region", None, True, VALID, None)),
    "binary-region": (PAD, Strategy("binary", SAFE, False, VALID, None)),
    "alloc-mode": (PAD, Strategy("safe_region", SAFE, True, VALID, "edge")),
    "alloc-binary": (PAD, Strategy("binary", None, True, VALID, None)),
    "alloc-no-fill": (NO_PAD, Strategy("safe_region", SAFE, True, None, None)),
    "mode-no-pad": (NO_PAD, Strategy("binary", None, False, None, "edge")),
    "fill-no-pad": (NO_PAD, Strategy("binary", None, False, INVALID, None)),
    "pad-no-fill": (PAD, Strategy("binary", None, False, None, None)),
    "pad-odd-fill": (PAD, Strategy("safe_region", SAFE, True, 5, None)),
    "unknown-mode": (PAD, Strategy("binary", None, False, VALID, "mirror")),
}


@pytest.mark.parametrize("name", INCONSISTENT)
def test_a_strategy_that_contradicts_itself_is_refused(name):
    pad, strategy = INCONSISTENT[name]
    with pytest.raises(ValueError, match=r"strategy|boundary_condition"):
        compat.check_mask_strategy(pad, strategy)
    with pytest.raises(ValueError, match=r"strategy|boundary_condition"):
        compat.apply_mask_strategy(HOLED, pad, SHAPE, strategy)


def test_a_strategy_without_a_kind_asks_for_nothing():
    compat.check_mask_strategy(PAD, Strategy(None, None, False, None, None))
    assert compat.apply_mask_strategy(HOLED, PAD, SHAPE, Strategy(None, None, False, None, None)) is None


def test_a_mask_that_is_needed_must_be_there():
    with pytest.raises(ValueError, match="array_in_mask"):
        compat.apply_mask_strategy(None, PAD, SHAPE, Strategy("binary", None, False, INVALID, None))
    outside = Strategy("safe_region", np.array([[0, 9], [0, 0]]), True, INVALID, None)
    with pytest.raises(ValueError, match="safe_region"):
        compat.apply_mask_strategy(None, PAD, SHAPE, outside)
