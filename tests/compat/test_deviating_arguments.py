"""Where we take arguments otherwise than GridR 0.6.0 on purpose; `docs/deviations.md` gives the reasons."""

import numpy as np
import pytest
import xarray as xr

import gridr_dask
from gridr_dask import compat, get_interpolator
from tests.compat.answers import IMAGE, LARGE, LOCAL, SPLINE, flags, gridr, lazily, ours, points, theirs

pytestmark = pytest.mark.filterwarnings("ignore:.*trust_padding.*:UserWarning")


def test_splines_have_default_parameters():
    grid = points((30.2, 30.4))
    default = ours("bspline3", LARGE, grid)[0]
    assert default == ours("bspline3", LARGE, grid, interp_kwargs=SPLINE)[0]
    assert np.ravel(lazily("bspline3", LARGE, grid)[0]) == default
    with pytest.raises(TypeError):
        theirs("bspline3", LARGE, grid, interp_kwargs={})


@pytest.mark.parametrize(
    "parameters",
    [
        {"epsilon": 0},
        {"epsilon": -1},
        {"epsilon": np.nan},
        {"epsilon": np.inf},
        {"mask_influence_threshold": 0},
        {"mask_influence_threshold": 1.5},
    ],
)
def test_spline_parameters_are_checked(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        get_interpolator("bspline3", **parameters)


def test_names_have_no_aliases_but_in_the_accessor():
    grid = points((5.2, 5.4))
    for alias, name in {"bicubic": "cubic", "bilinear": "linear"}.items():
        with pytest.raises(ValueError, match="unknown interpolation"):
            ours(alias, IMAGE, grid)
        assert np.array_equal(lazily(alias, IMAGE, grid)[0], lazily(name, IMAGE, grid)[0])


def test_array_out_is_optional():
    grid = points((5, 5), (6, 6))
    assert gridr_dask.array_grid_resampling("linear", IMAGE, *grid, (1, 1))[0].shape == (2,)
    with pytest.raises(TypeError, match="array_out"):
        gridr("linear", IMAGE, *grid, (1, 1))


def test_windows_and_resolutions_may_be_lists():
    grid = points((5, 5), (6, 6))
    assert ours("linear", IMAGE, grid, [1, 1], win=[[0, 0], [1, 1]])[0] == IMAGE[6, 6]
    for resolution, win in (([1, 1], None), ((1, 1), [[0, 0], [1, 1]])):
        with pytest.raises(TypeError):
            theirs("linear", IMAGE, grid, resolution, win=win)


def test_array_out_win_must_have_the_shape_of_the_block():
    grid = np.mgrid[2:8, 2:8] * 1.0
    how = {"array_out_win": np.array([[0, 3], [0, 4]]), "win": np.array([[0, 2], [0, 2]])}
    out = np.full((6, 6), -1.0)
    with pytest.raises(ValueError, match=r"array_out_win has shape \(4, 5\)"):
        ours("linear", IMAGE, grid, array_out=out, **how)
    assert (out == -1).all()
    theirs("linear", IMAGE, grid, array_out=out, **how)
    assert not np.array_equal(out[:3, :3], IMAGE[2:5, 2:5])  # skewed


def test_array_out_mask_is_a_boolean_or_a_buffer():
    grid = points((5, 5), (6, 6))
    assert flags(ours("linear", IMAGE, grid, array_out_mask=np.True_)[1]) == [1, 1]
    strided = np.zeros((1, 4), np.uint8)[:, ::2]
    ours("linear", IMAGE, grid, array_out_mask=strided)
    assert flags(strided) == [1, 1]
    with pytest.raises(AssertionError):
        theirs("linear", IMAGE, grid, array_out_mask=np.True_)
    for odd in (1, "yes"):
        with pytest.raises(TypeError, match="array_out_mask"):
            ours("linear", IMAGE, grid, array_out_mask=odd)
        assert theirs("linear", IMAGE, grid, array_out_mask=odd)[1] is None


def test_outputs_are_apart_from_inputs_and_writeable():
    grid = np.mgrid[:12, :13] * 1.0
    image = IMAGE.copy()
    with pytest.raises(ValueError, match="array_out shares memory with array_in"):
        ours("linear", image, grid, array_out=image, array_out_mask=None)
    out = np.zeros(IMAGE.shape)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        ours("linear", image, grid, array_out=out, array_out_mask=None)
    image.flags.writeable = False
    assert np.array_equal(ours("linear", image, grid)[0], IMAGE)


def test_check_boundaries_changes_nothing():
    grid = points((-300, 5), (5, 5), (5, 1e9), (np.nan, 0))
    for interp in (*LOCAL, "bspline3"):
        checked = ours(interp, LARGE, grid)
        unchecked = ours(interp, LARGE, grid, check_boundaries=False)
        assert np.array_equal(checked[0], unchecked[0])
        assert np.array_equal(checked[1], unchecked[1])


@pytest.mark.filterwarnings("default")
def test_a_degenerate_grid_checks_its_window():
    grid = points((np.nan, 5), (5, np.nan))
    how = {"array_out_win": np.array([[0, 0], [3, 4]]), "nodata_out": -7.0, "array_out_mask": None}
    with pytest.raises(ValueError, match="array_out_win"):
        ours("linear", IMAGE, grid, array_out=np.zeros((1, 4)), **how)
    with pytest.warns(UserWarning, match="Grid metrics cannot be computed. Check your input grid data"):
        values, valid = ours("linear", IMAGE, grid, nodata_out=-7.0)
    assert values.tolist() == [-7, -7]
    assert flags(valid) == [0, 0]
    # The accessor has no reason to warn: `valid` says it.
    assert flags(lazily("linear", IMAGE, grid)[1]) == [0, 0]


def test_nodata_out_must_fit_the_type():
    grid = points((5, 5), (50, 50))
    image = IMAGE.astype("u1")
    for call in (ours, lazily):
        with pytest.raises(ValueError, match="nodata_out"):
            call("linear", image, grid, nodata_out=300)
        assert np.ravel(call("linear", image, grid, nodata_out=255)[0])[1] == 255


REFUSED = {
    "unknown name": (Exception, ValueError, {"interp": "sinc"}),
    "class for an instance": (Exception, TypeError, {"interp": compat.LinearInterpolator}),
    "resolution below 0": (OverflowError, ValueError, {"grid_resolution": (-1, 1)}),
    "window below 0": (OverflowError, ValueError, {"win": np.array([[0, 0], [-1, 0]])}),
    "mask of booleans": (AssertionError, TypeError, {"array_in_mask": np.ones(IMAGE.shape, bool)}),
    "mask of another shape": (AssertionError, ValueError, {"array_in_mask": np.ones((3, 3), "u1")}),
    "valid value": (
        OverflowError,
        ValueError,
        {"grid_mask": np.ones((1, 2), "u1"), "grid_mask_valid_value": 300},
    ),
    "two buffers of one band": (AssertionError, ValueError, {"array_out": np.zeros((2, 1, 2))}),
    "buffer of integers": (Exception, None, {"array_out": np.zeros((1, 2), "i4")}),
    "image of four axes": (ValueError, ValueError, {"array_in": np.zeros((1, 1, 3, 3))}),
    "origin in standalone mode": (ValueError, ValueError, {"array_in_origin": (1, 1)}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_exceptions_are_value_or_type_errors(name):
    its, kind, change = REFUSED[name]
    rows, cols = points((5, 5), (6, 6))
    call = {
        "interp": "linear",
        "array_in": IMAGE,
        "grid_row": rows,
        "grid_col": cols,
        "grid_resolution": (1, 1),
        "array_out": None,
    }
    with pytest.raises(its):
        gridr(**(call | change))
    if kind is None:
        gridr_dask.array_grid_resampling(**(call | change))
        return
    with pytest.raises(kind) as caught:
        gridr_dask.array_grid_resampling(**(call | change))
    assert isinstance(caught.value, gridr_dask.GridrError)
    assert str(caught.value)


# The public prefilter


def test_the_prefilter_refuses_what_it_cannot_do():
    for n in (2, 4, 13):
        with pytest.raises(ValueError, match=f"n={n}"):
            gridr_dask.array_bspline_prefiltering(LARGE.copy(), n=n)
        with pytest.raises(ValueError, match=f"n={n}"):
            compat.compute_2d_truncation_index(n)
    with pytest.raises(ValueError, match="too small"):
        gridr_dask.array_bspline_prefiltering(np.zeros((28, 40)), n=3)
    gridr_dask.array_bspline_prefiltering(np.zeros((29, 29)), n=3)
    with pytest.raises(ValueError, match="initialized"):
        gridr_dask.array_bspline_prefiltering(LARGE.copy(), interp=get_interpolator("bspline3"))
    mask = np.ones(LARGE.shape, np.uint8)
    with pytest.raises(ValueError, match="threshold"):
        gridr_dask.array_bspline_prefiltering(LARGE.copy(), mask, n=3, mask_influence_threshold=0)


# What the accessor decides otherwise than GridR's function


def test_the_accessor_counts_the_origin_the_other_way():
    grid = points((5.25, 6.5), (7, 8))
    whole = np.ravel(lazily("linear", IMAGE, grid)[0])
    cut = IMAGE[3:, 4:]
    assert np.array_equal(np.ravel(lazily("linear", cut, grid, source_origin=(3, 4))[0]), whole)
    how = {"array_in_origin": (-3, -4), "standalone": False}
    assert np.array_equal(ours("linear", cut, grid, **how)[0], whole)


def test_the_accessor_fills_with_what_the_source_declares():
    grid = points((50, 50), (5, 5))
    source = xr.DataArray(IMAGE.astype("i2"), dims=("y", "x"))
    assert source.gridr.resample(grid).values[0, 0] == 0
    assert source.assign_attrs(_FillValue=-99).gridr.resample(grid).values[0, 0] == -99
    assert np.isnan(source.astype("f4").gridr.resample(grid).values[0, 0])
    assert ours("linear", IMAGE, grid)[0][0] == 0


def test_the_accessor_takes_masks_of_any_type():
    grid = points((5, 5), (5.5, 5))
    mask = np.ones(IMAGE.shape)
    mask[6, 5] = 0
    for given in (mask, mask.astype(bool), xr.DataArray(mask, dims=("y", "x"))):
        assert flags(lazily("linear", IMAGE, grid, mask=given)[1]) == [1, 0]
