"""Bad arguments of the numpy functions: a named error that shows the argument, or the documented result."""

import numpy as np
import pytest

from gridr_dask import (
    GridrError,
    InvalidInputError,
    UnsupportedDtypeError,
    array_grid_resampling,
    get_interpolator,
)
from gridr_dask.geometry.boundary import MODES

IMAGE = np.random.default_rng(0).uniform(1, 9, (12, 13))
ROWS, COLS = np.mgrid[2:6.0, 2:7.0] + 0.25
MASK = np.ones(IMAGE.shape, "u1")
MASK[0, 0] = 0
NODE_MASK = np.ones(ROWS.shape, "u1")
KERNELS = ("nearest", "linear", "cubic", "bspline3", "bspline11")
EDGE = {"boundary_condition": "edge", "trust_padding": True}
BAD, TYPE = InvalidInputError, UnsupportedDtypeError


def call(**changes):
    arguments = {
        "interp": "linear",
        "array_in": IMAGE,
        "grid_row": ROWS,
        "grid_col": COLS,
        "grid_resolution": (1, 1),
        "array_out_mask": True,
    }
    return array_grid_resampling(**arguments | changes)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


REFUSED = {
    "mode without trust": ({"boundary_condition": "edge"}, BAD, "boundary_condition.*trust_padding"),
    "mode with trust None": (EDGE | {"trust_padding": None}, BAD, "boundary_condition.*trust_padding"),
    "integrated mode without trust": (
        {"boundary_condition": "edge", "standalone": False},
        BAD,
        "boundary_condition.*trust_padding",
    ),
    "unknown mode": (EDGE | {"boundary_condition": "mirror"}, BAD, "boundary_condition 'mirror'.*reflect"),
    "empty mode": (EDGE | {"boundary_condition": ""}, BAD, "boundary_condition ''"),
    "mode a number": (EDGE | {"boundary_condition": 1}, BAD, "boundary_condition 1"),
    "origin in standalone": ({"array_in_origin": (0, 1)}, BAD, r"array_in_origin=\(0, 1\).*standalone"),
    "origin not finite": ({"array_in_origin": (np.nan, 0), "standalone": False}, BAD, "array_in_origin.*nan"),
    "origin of one": ({"array_in_origin": (1,), "standalone": False}, BAD, r"array_in_origin.*\(1,\)"),
    "origin a number": ({"array_in_origin": 5, "standalone": False}, BAD, "array_in_origin.*5"),
    "origin a text": ({"array_in_origin": "ab", "standalone": False}, BAD, "array_in_origin.*ab"),
    "origin too far": ({"array_in_origin": (2.0**40, 0), "standalone": False}, BAD, "array_in_origin"),
    "grid mask and nodata": ({"grid_mask": NODE_MASK, "grid_nodata": 1.0}, BAD, "grid_mask and grid_nodata"),
    "valid value None": ({"grid_mask": NODE_MASK, "grid_mask_valid_value": None}, BAD, "valid_value=None"),
    "valid value 256": ({"grid_mask": NODE_MASK, "grid_mask_valid_value": 256}, BAD, "valid_value=256"),
    "valid value -1": ({"grid_mask": NODE_MASK, "grid_mask_valid_value": -1}, BAD, "valid_value=-1"),
    "valid value a fraction": (
        {"grid_mask": NODE_MASK, "grid_mask_valid_value": 1.5},
        BAD,
        "valid_value=1.5",
    ),
    "grid mask of another shape": ({"grid_mask": NODE_MASK.T.copy()}, BAD, r"grid_mask.*\(5, 4\).*\(4, 5\)"),
    "grid mask of booleans": ({"grid_mask": NODE_MASK == 1}, TYPE, "grid_mask.*bool.*uint8"),
    "grid mask a list": ({"grid_mask": NODE_MASK.tolist()}, TYPE, "grid_mask.*list"),
    "grid nodata a text": ({"grid_nodata": "none"}, GridrError, "grid_nodata.*none"),
    "grid nodata complex": ({"grid_nodata": 1j}, GridrError, "grid_nodata.*1j"),
    "grid nodata a list": ({"grid_nodata": [1.0]}, GridrError, "grid_nodata"),
    "resolution 0": ({"grid_resolution": (1, 0)}, BAD, r"grid_resolution.*\(1, 0\)"),
    "resolution below 0": ({"grid_resolution": (-2, 1)}, BAD, r"grid_resolution.*\(-2, 1\)"),
    "resolution a number": ({"grid_resolution": 2}, BAD, "grid_resolution.*2"),
    "resolution of fractions": ({"grid_resolution": (1.5, 1)}, BAD, "grid_resolution.*1.5"),
    "resolution too large": ({"grid_resolution": (2**25, 1)}, BAD, "grid_resolution.*33554432"),
    "resolution far too large": ({"grid_resolution": (10**30, 1)}, BAD, "grid_resolution"),
    "one node at resolution 2": (
        {"grid_row": ROWS[:1], "grid_col": COLS[:1], "grid_resolution": (2, 1)},
        BAD,
        "single node",
    ),
    "win outside": (
        {"win": np.array([[0, 4], [0, 1]])},
        BAD,
        r"win=\[\[0, 4\], \[0, 1\]\].*4 rows and 5 col",
    ),
    "win inverted": ({"win": [[2, 1], [0, 1]]}, BAD, r"win=\[\[2, 1\]"),
    "win negative": ({"win": [[-1, 1], [0, 1]]}, BAD, r"win=\[\[-1, 1\]"),
    "win of fractions": ({"win": np.array([[0.0, 1.0], [0.0, 1.0]])}, BAD, "win"),
    "win of one axis": ({"win": [[0, 1]]}, BAD, "win"),
    "win a text": ({"win": "all"}, BAD, "win=all"),
    "safe window outside": (
        {"array_in_mask": MASK, "array_in_mask_safe_win": [[0, 12], [0, 5]]},
        BAD,
        "array_in_mask_safe_win.*12 rows and 13 columns",
    ),
    "safe window outside, in reach of padding": (
        EDGE | {"interp": "bspline3", "array_in_mask": MASK, "array_in_mask_safe_win": [[-2, 5], [0, 5]]},
        BAD,
        "array_in_mask_safe_win",
    ),
    "safe window inverted": (
        {"array_in_mask": MASK, "array_in_mask_safe_win": [[5, 2], [0, 5]]},
        BAD,
        "array_in_mask_safe_win",
    ),
    "safe window of a number": ({"array_in_mask": MASK, "array_in_mask_safe_win": 5}, BAD, "safe_win=5"),
    "integrated safe window without mask": (
        {"array_in_mask_safe_win": [[0, 1], [0, 1]], "standalone": False},
        BAD,
        "array_in_mask_safe_win needs array_in_mask",
    ),
    "mask of another shape": (
        {"array_in_mask": MASK.T.copy()},
        BAD,
        r"array_in_mask.*\(13, 12\).*\(12, 13\)",
    ),
    "mask with a third axis": ({"array_in_mask": MASK[..., None]}, BAD, r"array_in_mask.*\(12, 13, 1\)"),
    "mask with bands": ({"array_in_mask": MASK[None]}, BAD, r"array_in_mask.*\(1, 12, 13\)"),
    "mask of floats": ({"array_in_mask": MASK * 1.0}, TYPE, "array_in_mask.*float64.*uint8"),
    "mask a list": ({"array_in_mask": MASK.tolist()}, TYPE, "array_in_mask.*list"),
    "image of one axis": ({"array_in": IMAGE[0]}, BAD, r"array_in.*\(13,\)"),
    "image of four axes": ({"array_in": IMAGE[None, None]}, BAD, r"array_in.*\(1, 1, 12, 13\)"),
    "image a list": ({"array_in": IMAGE.tolist()}, TYPE, "array_in.*list"),
    "image of objects": ({"array_in": IMAGE.astype(object)}, TYPE, "object"),
    "image of texts": ({"array_in": IMAGE.astype("S3")}, TYPE, r"linear.*S3"),
    "coefficients of float32": (
        {"interp": "bspline3", "array_in": IMAGE.astype("f4"), "standalone": False},
        TYPE,
        "array_in.*float64",
    ),
    "grid of integers": ({"grid_row": ROWS.astype(int)}, TYPE, "grid_row.*int64"),
    "grid of complex numbers": ({"grid_col": COLS * 1j}, TYPE, "grid_col.*complex128"),
    "grid a list": ({"grid_row": ROWS.tolist()}, TYPE, "grid_row.*list"),
    "grid of one axis": ({"grid_row": ROWS[0]}, BAD, r"grid_row.*\(5,\)"),
    "grid of two shapes": ({"grid_row": ROWS[:3]}, BAD, r"grid_row.*\(3, 5\).*\(4, 5\)"),
    "grid without nodes": ({"grid_row": ROWS[:0], "grid_col": COLS[:0]}, BAD, r"grid_row.*\(0, 5\)"),
    "nodata a text": ({"nodata_out": "none"}, BAD, "nodata_out='none'"),
    "nodata complex": ({"nodata_out": 1j}, BAD, "nodata_out=1j"),
    "nodata too large": ({"array_in": IMAGE.astype("u1"), "nodata_out": 256}, BAD, "nodata_out=256.*uint8"),
    "nodata None of integers": ({"array_in": IMAGE.astype("u1"), "nodata_out": None}, BAD, "nodata_out=nan"),
    "unknown kernel": ({"interp": "sinc"}, BAD, "'sinc'"),
    "kernel by an alias": ({"interp": "bicubic"}, BAD, "'bicubic'"),
    "kernel by number": ({"interp": 3}, TYPE, "interp.*3"),
    "kernel by class": ({"interp": type(get_interpolator("linear"))}, TYPE, "interp"),
    "epsilon 0": ({"interp": "bspline3", "interp_kwargs": {"epsilon": 0}}, BAD, "epsilon=0"),
    "threshold 2": (
        {"interp": "bspline3", "interp_kwargs": {"mask_influence_threshold": 2}},
        BAD,
        "threshold=2",
    ),
    "threads a fraction": ({"num_threads": 2.5}, GridrError, "num_threads.*2.5"),
}


@pytest.mark.parametrize(("changes", "exception", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_argument_is_refused_by_name_and_value(changes, exception, message):
    with pytest.raises(exception, match=f"(?s){message}") as caught:
        call(**changes)
    assert isinstance(caught.value, GridrError)
    assert caught.value.code


@pytest.mark.parametrize(
    "changes",
    [
        {"interp": "bspline3", "interp_kwargs": {"order": 3}},
        {"interp": "linear", "interp_kwargs": {"epsilon": 1e-3}},
        {"interp": "linear", "interp_kwargs": 5},
    ],
    ids=["unknown", "of another kernel", "a number"],
)
def test_wrong_parameters_of_a_kernel_are_a_type_error(changes):
    with pytest.raises(TypeError):
        call(**changes)


def test_parameters_are_ignored_for_an_interpolator_that_has_its_own():
    want = call(interp="bspline3")
    got = call(interp=get_interpolator("bspline3"), interp_kwargs={"epsilon": -1, "nonsense": 2})
    np.testing.assert_array_equal(got[0], want[0])


def test_trust_without_a_mode_is_a_warning_in_standalone_mode_only(recwarn):
    call()
    call(trust_padding=False)
    call(trust_padding=True, standalone=False)
    assert not recwarn
    with pytest.warns(UserWarning, match="trust_padding") as caught:
        call(trust_padding=True)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("window", [[[0, 3], [0, 3]], [[5, 2], [0, 99]], "nonsense"])
def test_a_safe_window_without_a_mask_is_ignored_in_standalone_mode(window):
    np.testing.assert_array_equal(call(array_in_mask_safe_win=window)[0], call()[0])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize("trust", [True, False])
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (2, 0, 5)], ids=str)
def test_an_empty_image_is_nodata_everywhere(kernel, mode, trust, shape):
    values, valid = call(
        interp=kernel,
        array_in=np.zeros(shape),
        array_in_mask=np.zeros(shape[-2:], "u1"),
        nodata_out=-3,
        boundary_condition=mode,
        trust_padding=None if mode is None else trust,
    )
    assert values.shape == (*shape[:-2], *ROWS.shape)
    assert (values == -3).all()
    assert not valid.any()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, -1e300, 2.0**31, -(2.0**63)])
@pytest.mark.parametrize("check", [True, False])
def test_nodes_that_are_not_finite_or_far_away_are_nodata(kernel, mode, bad, check):
    rows = ROWS.copy()
    rows[1, 2] = bad
    how = {"interp": kernel, "boundary_condition": mode, "trust_padding": None if mode is None else True}
    values, valid = call(grid_row=rows, check_boundaries=check, nodata_out=-3, **how)
    want, want_valid = call(nodata_out=-3, **how)
    want[1, 2], want_valid[1, 2] = -3, 0
    np.testing.assert_array_equal(values, want)
    np.testing.assert_array_equal(valid, want_valid)


@pytest.mark.parametrize("kernel", KERNELS)
def test_read_only_and_strided_inputs_work(kernel):
    mask = MASK.copy()
    mask[8, 9] = 0
    want = call(interp=kernel, array_in_mask=mask, grid_mask=NODE_MASK, **EDGE)
    frozen = {
        name: read_only(a) for name, a in {"array_in": IMAGE, "array_in_mask": mask, "grid_row": ROWS}.items()
    }
    strided = {
        "array_in": np.asfortranarray(IMAGE),
        "array_in_mask": np.repeat(mask, 2, axis=1)[:, ::2],
        "grid_row": ROWS[::-1].copy()[::-1],
        "grid_col": np.asfortranarray(COLS),
        "grid_mask": np.asfortranarray(NODE_MASK),
    }
    for inputs in (frozen, strided):
        got = call(interp=kernel, **{"array_in_mask": mask, "grid_mask": NODE_MASK} | inputs, **EDGE)
        assert [half.tobytes() for half in got] == [half.tobytes() for half in want]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_tiny_image_that_no_position_reaches_is_nodata(kernel):
    """Where a spline's filter has nothing to filter, and the image is smaller than its reach."""
    for mode in (None, "reflect"):
        trust = None if mode is None else True
        values, valid = call(
            interp=kernel,
            array_in=IMAGE[:2, :3],
            grid_row=ROWS + 90,
            boundary_condition=mode,
            trust_padding=trust,
        )
        assert not valid.any()
        assert not values.any()


def test_a_masked_array_is_refused_rather_than_its_mask_forgotten():
    image = np.ma.masked_less(np.arange(42.0).reshape(6, 7), 3)
    rows, cols = np.mgrid[0:3, 0:4] * 1.0
    with pytest.raises(UnsupportedDtypeError, match=r"masked array.*array_in_mask"):
        array_grid_resampling("linear", image, rows, cols, (1, 1))


@pytest.mark.parametrize("masked", [0, 1])
def test_a_masked_grid_is_refused_rather_than_its_mask_forgotten(masked):
    grid = list(np.mgrid[0:3, 0:4] * 1.0)
    grid[masked] = np.ma.masked_equal(grid[masked], 0)
    name = ("grid_row", "grid_col")[masked]
    with pytest.raises(UnsupportedDtypeError, match=rf"{name} is a masked array.*grid_mask"):
        array_grid_resampling("linear", np.ones((6, 7)), *grid, (1, 1))


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_thread_is_refused(count):
    rows, cols = np.mgrid[0:3, 0:4] * 1.0
    with pytest.raises(InvalidInputError, match=f"num_threads={count}"):
        array_grid_resampling("linear", np.ones((6, 7)), rows, cols, (1, 1), num_threads=count)
