"""Stored results of GridR 0.6.0 for resampling, prefilter and safe windows (tests/vectors/resampling.json).

Where GridR's answer is not the one that its own rules ask for, the file holds the answer of the rules, and
that one is asked for here.

B-splines were stored with epsilon 1e-2: the two programs, each within epsilon of the exact spline, differ by
up to twice that. So each is compared a second time, with a small epsilon, with the exact spline itself.
"""

import builtins
import copy
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import gridr_dask
from gridr_dask import GridrError, compat
from tests import oracles

FILE = Path(__file__).parents[1] / "vectors" / "resampling.json"
CASES = json.loads(FILE.read_text())["cases"]

TYPES = {
    **dict.fromkeys(["array_in", "grid_row", "grid_col", "array_out"], "f8"),
    **dict.fromkeys(["array_in_mask", "grid_mask"], "u1"),
    **dict.fromkeys(["win", "array_out_win", "array_in_mask_safe_win"], "i8"),
}
WITH_DEFAULTS = "error-bspline-kwargs"
"""GridR has no defaults for the parameters of a B-spline; here it is resampled with them."""


def numbers(values, dtype):
    """An array of nested lists, None being NaN."""
    return np.array(values, float).astype(dtype)


def arguments(case):
    args = copy.deepcopy(case["args"])
    for name, dtype in TYPES.items():
        if args.get(name) is not None:
            args[name] = numbers(args[name], dtype)
    if isinstance(args.get("array_out_mask"), list):
        args["array_out_mask"] = numbers(args["array_out_mask"], "u1")
    for name in ("grid_resolution", "array_in_origin"):
        if args.get(name) is not None:
            args[name] = tuple(args[name])
    return args


def called(case, **changes):
    """Arguments, result or exception, and the warnings of a case."""
    args = arguments(case) | changes
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = gridr_dask.array_grid_resampling(**args)
        except GridrError as error:
            result = error
    return args, result, [{"category": w.category.__name__, "message": str(w.message)} for w in caught]


def wanted(case):
    return case.get("expected") or case["expected_recommended"]


def is_spline(case):
    return oracles.is_spline(str(case["args"].get("interp")))


def ids(cases):
    return {"argvalues": cases, "ids": [case["id"] for case in cases]}


RESAMPLINGS = [case for case in CASES if case["function"] == "array_grid_resampling"]
RAISING = [case for case in RESAMPLINGS if "raises" in wanted(case)]
RESULTS = [case for case in RESAMPLINGS if "raises" not in wanted(case)]
SPLINES = [case for case in RESULTS if is_spline(case) and case["id"] != WITH_DEFAULTS]
PREFILTERS = [case for case in CASES if case["function"] == "array_bspline_prefiltering"]
SAFE_WINDOWS = [case for case in CASES if case["function"] == "array_bspline_prefiltering_mask_safe_win"]


def tolerance(case):
    if not is_spline(case):
        return 1e-10
    epsilon = case["args"].get("interp_kwargs", {"epsilon": 1e-6})["epsilon"]
    return 2 * epsilon * abs(arguments(case)["array_in"]).max()


def test_every_case_of_the_file_is_replayed():
    assert len(RESAMPLINGS) == 72
    assert len(PREFILTERS) == 3
    assert len(SAFE_WINDOWS) == 3
    assert sum(map(len, (RESAMPLINGS, PREFILTERS, SAFE_WINDOWS))) == len(CASES)
    assert {case["status"] for case in CASES} == {"conform", "quirk"}


@pytest.mark.parametrize("case", **ids(RESULTS))
def test_a_stored_result_is_reproduced(case):
    args, (array, mask), caught = called(case)
    want, atol = wanted(case), tolerance(case)
    assert caught == want.get("warnings", [])
    if "array" in want:
        if want["array"] is None:
            assert array is None
        else:
            assert array.shape == tuple(want.get("array_shape", np.shape(want["array"])))
            np.testing.assert_allclose(array, numbers(want["array"], "f8"), rtol=1e-10, atol=atol)
    if "mask" in want:
        if want["mask"] is None:
            assert mask is None
        else:
            np.testing.assert_array_equal(mask, want["mask"])
            assert mask.dtype == np.uint8
    if "array_out" in want:
        np.testing.assert_allclose(args["array_out"], numbers(want["array_out"], "f8"), rtol=1e-10, atol=atol)
    if "array_out_mask" in want:
        np.testing.assert_array_equal(args["array_out_mask"], want["array_out_mask"])


@pytest.mark.parametrize("case", **ids(RAISING))
def test_a_stored_error_is_raised(case):
    _, error, caught = called(case)
    assert isinstance(error, getattr(builtins, wanted(case)["raises"]))
    assert caught == wanted(case).get("warnings", [])


@pytest.mark.parametrize("case", **ids(RESAMPLINGS))
def test_inputs_are_not_modified(case):
    args, *_ = called(case)
    for name, before in arguments(case).items():
        if isinstance(before, np.ndarray) and not name.startswith("array_out"):
            assert args[name].tobytes() == before.tobytes(), name


def test_a_spline_without_parameters_has_the_defaults():
    (case,) = [case for case in RESULTS if case["id"] == WITH_DEFAULTS]
    _, (array, mask), _ = called(case)
    _, (want, want_mask), _ = called(case, interp_kwargs={"epsilon": 1e-6, "mask_influence_threshold": 1e-3})
    np.testing.assert_array_equal(array, want)
    np.testing.assert_array_equal(mask, want_mask)
    assert not np.array_equal(array, called(case, interp_kwargs={"epsilon": 1e-1})[1][0])


@pytest.mark.parametrize("epsilon", [1e-10, 1e-11, 1e-12])
@pytest.mark.parametrize("case", **ids(SPLINES))
def test_a_stored_spline_resampling_is_the_exact_spline(case, epsilon):
    threshold = case["args"]["interp_kwargs"]["mask_influence_threshold"]
    kwargs = {"epsilon": epsilon, "mask_influence_threshold": threshold}
    args, (array, mask), _ = called(case, interp_kwargs=kwargs, array_out_mask=True)
    assert args["grid_resolution"] == (1, 1)
    assert "win" not in args
    order = int(args["interp"].removeprefix("bspline"))
    exact = oracles.spline_values(
        args["array_in"], order, args.get("boundary_condition"), args["grid_row"], args["grid_col"]
    )
    if "mask" in wanted(case):
        np.testing.assert_array_equal(mask, wanted(case)["mask"])
    want = np.where(mask == 1, exact, args["nodata_out"])
    np.testing.assert_allclose(array, want.squeeze(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", **ids(PREFILTERS))
def test_a_stored_prefilter_is_reproduced_in_place(case):
    args = arguments(case)
    assert compat.array_bspline_prefiltering(**args) is None
    np.testing.assert_allclose(args["array_in"], case["expected"]["array_in"], rtol=1e-10, atol=1e-10)
    if args["array_in_mask"] is not None:
        np.testing.assert_array_equal(args["array_in_mask"], case["expected"]["array_in_mask"])


@pytest.mark.parametrize("case", **ids(SAFE_WINDOWS))
def test_a_stored_safe_window_is_reproduced(case):
    args = arguments(case)
    mask = np.ones(args.pop("mask_shape"), np.uint8)
    window = compat.array_bspline_prefiltering_mask_safe_win(mask, **args)
    np.testing.assert_array_equal(window, case["expected"]["window"])
