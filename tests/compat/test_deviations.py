"""Where our results differ from those of GridR 0.6.0 on purpose; `docs/deviations.md` gives the reasons.

Each test asks `array_grid_resampling`, the accessor where it has the feature, and GridR itself where its
answer is not a crash: so that the page stays true on both sides.
"""

import warnings

import numpy as np
import pytest
from gridr.core.interp.bspline_prefiltering import (
    array_bspline_prefiltering_mask_safe_win as reference_mask_safe_win,
)

from gridr_dask import compat, get_interpolator
from tests.compat.answers import (
    IMAGE,
    LARGE,
    LOCAL,
    SPLINE,
    TRUSTED,
    flags,
    gridr,
    lazily,
    ours,
    points,
    theirs,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*trust_padding.*:UserWarning")


# Positions and nodes


@pytest.mark.parametrize("interp", LOCAL)
def test_a_node_that_is_not_finite_is_invalid(interp):
    grid = points((np.nan, 3), (3, np.inf), (3, 4))
    for call in (ours, lazily):
        values, valid = call(interp, IMAGE, grid)
        assert flags(valid) == [0, 0, 1]
        assert np.ravel(values)[:2].tolist() == [0, 0]
    assert flags(theirs(interp, IMAGE, grid, standalone=False)[1])[0] == 1


def test_a_node_of_weight_0_is_not_read():
    rows, cols = np.mgrid[:3, :3] * 2.0 + 3
    whole = ours("linear", IMAGE, (rows, cols), (2, 2))[0]
    rows[1, 1] = np.nan
    mask = np.ones((3, 3), np.uint8)
    mask[1, 1] = 0
    around = np.ones((5, 5))
    around[1:4, 1:4] = 0
    for call in (ours, lazily):
        values, valid = call("linear", IMAGE, (rows, cols), (2, 2), grid_mask=mask)
        assert np.array_equal(valid, around)
        assert np.array_equal(values[valid == 1], whole[valid == 1])
    values, valid = theirs("linear", IMAGE, (rows, cols), (2, 2), grid_mask=mask, standalone=False)
    assert not np.array_equal(values[valid == 1], whole[valid == 1])


def test_grid_nodata_counts_in_either_coordinate():
    grid = points((7, 3), (3, 7), (3, 4))
    for call in (ours, lazily):
        assert flags(call("linear", IMAGE, grid, grid_nodata=7.0)[1]) == [0, 0, 1]
    assert flags(theirs("linear", IMAGE, grid, grid_nodata=7.0)[1]) == [0, 1, 1]


def test_grid_nodata_nan_marks_nan_nodes():
    grid = points((np.nan, 3), (3, np.nan), (3, 4))
    for call in (ours, lazily):
        assert flags(call("linear", IMAGE, grid, grid_nodata=np.nan)[1]) == [0, 0, 1]
    assert flags(theirs("linear", IMAGE, grid, grid_nodata=np.nan, standalone=False)[1]) != [0, 0, 1]


def test_grid_nodata_is_cast_to_the_type_of_the_grid():
    grid = [part.astype(np.float32) for part in points((-9999.1, 3), (3, 4))]
    for call in (ours, lazily):
        assert flags(call("linear", IMAGE, grid, grid_nodata=-9999.1)[1]) == [0, 1]


def test_where_an_image_was_cut_out_changes_nothing():
    image = np.random.default_rng(2).random((4, 100_100))
    rows = np.full((1, 50), 1.0)
    cols = 100_000 + np.random.default_rng(3).random((1, 50)) * 40
    whole = ours("cubic", image, (rows, cols))[0]
    how = {"array_in_origin": (0, -99_000), "standalone": False}
    assert np.array_equal(ours("cubic", image[:, 99_000:], (rows, cols), **how)[0], whole)
    cut = lazily("cubic", image[:, 99_000:], (rows, cols), source_origin=(0, 99_000))[0]
    assert np.array_equal(cut[0], whole)
    its_whole = theirs("cubic", image, (rows, cols), standalone=False)[0]
    its_cut = theirs("cubic", image[:, 99_000:].copy(), (rows, cols), **how)[0]
    assert not np.array_equal(its_cut, its_whole)
    assert np.allclose(its_whole, whole, atol=1e-10)


def test_noise_snaps_to_half_integers():
    noisy = points((3, -4.9e-13), (3, 5.5 - 1e-13), (3, 5.5 - 1e-12), (3, -5.1e-13))
    exact = points((3, 0), (3, 5.5), (3, 5.5 - 1e-12), (3, -5.1e-13))
    for call in (ours, lazily):
        for interp in ("nearest", "linear"):
            assert flags(call(interp, IMAGE, noisy)[1]) == flags(call(interp, IMAGE, exact)[1])
            assert np.array_equal(call(interp, IMAGE, noisy)[0], call(interp, IMAGE, exact)[0])
        assert flags(call("linear", IMAGE, noisy)[1]) == [1, 1, 1, 0]
    # Two units in the last place below a tie, far out: for GridR it is one, or not, as its rounding falls.
    line = np.arange(9000.0)[np.newaxis]
    ties = np.arange(8200.5, 8900)
    below = points(*((0, np.nextafter(np.nextafter(tie, 0), 0)) for tie in ties))
    for call in (ours, lazily):
        assert np.array_equal(np.ravel(call("nearest", line, below)[0]), ties + 0.5)
    assert not np.array_equal(theirs("nearest", line, below, standalone=False)[0], ties + 0.5)


def test_a_window_beyond_the_grid_is_refused():
    grid = np.mgrid[:3, :3] * 2.0 + 1
    beyond = np.array([[0, 0], [0, 6]])
    with pytest.raises(ValueError, match="win"):
        ours("linear", IMAGE, grid, (2, 2), win=beyond)
    with pytest.raises(ValueError, match="window"):
        lazily("linear", IMAGE, grid, (2, 2), window=(slice(0, 1), slice(0, 7)))
    assert flags(theirs("linear", IMAGE, grid, (2, 2), win=beyond, standalone=False)[1]) == [1] * 7


def test_a_window_may_start_at_the_last_column():
    grid = np.mgrid[:3, :3] * 2.0 + 1
    whole = ours("linear", IMAGE, grid, (2, 2))[0]
    part = ours("linear", IMAGE, grid, (2, 2), win=[[0, 4], [4, 4]])[0]
    assert np.array_equal(part, whole[:, 4])  # GridR panics here
    part = lazily("linear", IMAGE, grid, (2, 2), window=(slice(0, 5), slice(4, 5)))[0]
    assert np.array_equal(part[:, 0], whole[:, 4])


def test_a_grid_without_nodes_is_refused():
    empty = np.zeros((0, 3)), np.zeros((0, 3))
    for call in (ours, lazily):
        with pytest.raises(ValueError, match="node"):
            call("nearest", IMAGE, empty)
    with pytest.raises(OverflowError):
        theirs("nearest", IMAGE, empty)


# Samples


@pytest.mark.parametrize("interp", ["linear", "cubic"])
def test_a_nan_under_a_weight_of_0_is_not_read(interp):
    image = IMAGE.copy()
    image[5, 6] = np.nan
    grid = points((5, 5), (4, 6), (5, 6))
    for call in (ours, lazily):
        values, valid = call(interp, image, grid)
        assert np.ravel(values)[:2].tolist() == [image[5, 5], image[4, 6]]
        assert np.isnan(np.ravel(values)[2])
        assert flags(valid) == [1, 1, 1]
    assert np.isnan(theirs(interp, image, grid)[0]).all()


def test_a_nan_stays_local_in_a_spline():
    image, zero = LARGE.copy(), LARGE.copy()
    image[30, 30], zero[30, 30] = np.nan, 0
    grid = points((10, 10), (31, 32), (30.5, 50.2))
    how = {"boundary_condition": "reflect", **TRUSTED}
    for call in (ours, lazily):
        values, valid = (np.ravel(part) for part in call("bspline3", image, grid, **how))
        expected = np.ravel(call("bspline3", zero, grid, **how)[0])
        assert np.isnan(values).tolist() == [False, True, False]
        assert np.array_equal(values[[0, 2]], expected[[0, 2]])
        assert flags(valid) == [1, 1, 1]
    assert np.isnan(theirs("bspline3", image, grid, **how)[0]).all()


def test_a_masked_nan_stays_away_from_a_spline():
    image, mask = LARGE.copy(), np.ones(LARGE.shape, np.uint8)
    image[30, 30], mask[30, 30] = np.nan, 0
    grid = points((10, 10), (31, 32))
    how = {"boundary_condition": "reflect", **TRUSTED}
    for call, name in ((ours, "array_in_mask"), (lazily, "mask")):
        values, valid = call("bspline3", image, grid, **how, **{name: mask})
        assert np.isfinite(values).all()
        assert flags(valid) == [1, 0]
    values, valid = theirs("bspline3", image, grid, **how, array_in_mask=mask.copy())
    assert np.isnan(values[0])
    assert valid[0, 0] == 1


def test_inputs_are_never_modified():
    grid = np.mgrid[25:33, 25:33] * 1.0
    mask = np.ones(LARGE.shape, np.uint8)
    mask[40, 40] = 0
    image, kept = LARGE.copy(), mask.copy()
    ours("bspline3", image, grid, array_in_mask=kept)
    lazily("bspline3", image, grid, mask=kept)
    assert np.array_equal(image, LARGE)
    assert np.array_equal(kept, mask)
    gridr("bspline3", image, *grid, (1, 1), None, array_in_mask=kept, interp_kwargs=SPLINE)
    assert not np.array_equal(image, LARGE)
    assert not np.array_equal(kept, mask)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "i8", "f4", "c8"])
def test_samples_keep_their_type(dtype):
    image = (IMAGE * 10).astype(dtype)
    grid = points((5, 5), (6, 6))
    for call in (ours, lazily):
        values = call("linear", image, grid)[0]
        assert values.dtype == dtype
        assert np.ravel(values).tolist() == [image[5, 5], image[6, 6]]
    with pytest.raises(Exception, match="not available for types"):
        theirs("linear", image, grid)


def test_a_result_may_have_another_type_than_its_source():
    image = (IMAGE * 10).astype("u2")
    out = np.zeros((1, 2), np.float32)
    grid = points((5.5, 5), (6, 6))
    ours("linear", image, grid, array_out=out, array_out_mask=None)
    assert out[0, 0] == (int(image[5, 5]) + int(image[6, 5])) / 2
    assert np.array_equal(lazily("linear", image, grid, dtype="f4")[0], out)


def test_grids_may_be_float32():
    grid = points((5.25, 5), (6, 6.5))
    narrow = [part.astype(np.float32) for part in grid]
    for call in (ours, lazily):
        assert np.array_equal(call("cubic", IMAGE, narrow)[0], call("cubic", IMAGE, grid)[0])
    with pytest.raises(Exception, match="not available for types"):
        theirs("cubic", IMAGE, narrow)


def test_arrays_may_be_strided():
    grid = [part[::2, ::-3] for part in np.mgrid[2:10, 2:11] + 0.5]
    dense = [part.copy() for part in grid]
    reversed_image = IMAGE[::-1, ::-1]
    for call in (ours, lazily):
        strided = call("cubic", reversed_image, grid)[0]
        assert np.array_equal(strided, call("cubic", reversed_image.copy(), dense)[0])
    mask = np.ones((24, 26), np.uint8)[::2, ::2]
    mask[5, 5] = 0
    valid = ours("linear", IMAGE, dense, array_in_mask=mask)[1]
    assert np.array_equal(valid, ours("linear", IMAGE, dense, array_in_mask=mask.copy())[1])
    with pytest.raises(AssertionError):
        gridr("cubic", reversed_image, *dense, (1, 1), None)


@pytest.mark.parametrize("order", [3, 5, 7, 9, 11])
def test_splines_agree_within_twice_epsilon(order):
    grid = np.mgrid[:40, :40] * 1.4 + 0.3
    for epsilon in (1e-2, 1e-6):
        parameters = {"epsilon": epsilon, "mask_influence_threshold": 1e-3}
        how = {"interp_kwargs": parameters, "boundary_condition": "symmetric", **TRUSTED}
        values, valid = ours(f"bspline{order}", LARGE, grid, **how)
        expected, mask = theirs(f"bspline{order}", LARGE, grid, **how)
        assert np.array_equal(valid, mask)
        assert abs(values - expected).max() <= 2 * epsilon * LARGE.max()


# Masks


def test_any_mask_value_but_0_is_valid():
    mask = np.ones(IMAGE.shape, np.uint8)
    mask[5, 5], mask[8, 8] = 9, 0
    grid = points((5, 5), (5.2, 5.2), (3, 3))
    for interp in LOCAL:
        assert flags(ours(interp, IMAGE, grid, array_in_mask=mask)[1]) == [1, 1, 1]
        assert flags(lazily(interp, IMAGE, grid, mask=mask)[1]) == [1, 1, 1]
    assert flags(theirs("nearest", IMAGE, grid, array_in_mask=mask)[1]) == [0, 0, 1]


@pytest.mark.parametrize("interp", ["linear", "cubic", "bspline3"])
def test_trusted_zeros_are_valid_with_a_mask_too(interp):
    mask = np.ones(LARGE.shape, np.uint8)
    mask[30, 30] = 0
    grid = points((0.5, 5), (0.25, 10.5), (10, 11))
    how = {"boundary_condition": "constant", **TRUSTED}
    unmasked = np.ravel(ours(interp, LARGE, grid, **how)[0])
    for call, name in ((ours, "array_in_mask"), (lazily, "mask")):
        values, valid = call(interp, LARGE, grid, **how, **{name: mask})
        assert flags(valid) == [1, 1, 1]
        assert np.array_equal(np.ravel(values), unmasked)
    if interp != "linear":  # whose taps lie inside
        assert flags(theirs(interp, LARGE, grid, **how, array_in_mask=mask.copy())[1])[:2] == [0, 0]


def test_a_safe_window_smaller_than_the_kernel_accepts_nothing():
    image, mask = IMAGE[:10, :10].copy(), np.ones((10, 10), np.uint8)
    mask[5, 5] = 0
    grid = points((5.3, 5.2), (2, 2))
    valid = ours("cubic", image, grid, array_in_mask=mask, array_in_mask_safe_win=[[0, 3], [0, 3]])[1]
    assert flags(valid) == [0, 1]
    safe = slice(0, 4), slice(0, 4)
    assert flags(lazily("cubic", image, grid, mask=mask, mask_safe_win=safe)[1]) == [0, 1]
    window = np.array([[0, 3], [0, 3]])
    valid = theirs("cubic", image, grid, array_in_mask=mask, array_in_mask_safe_win=window)[1]
    assert flags(valid) == [1, 1]


def test_a_safe_window_holds_up_to_its_last_sample():
    mask = np.zeros(IMAGE.shape, np.uint8)
    mask[0, 0] = 1
    grid = points((6, 6), (9, 6), (10, 6), (11, 6))
    window = np.array([[3, 11], [3, 9]])
    how = {"array_in_mask": mask, "array_in_mask_safe_win": window}
    assert flags(ours("cubic", IMAGE, grid, **how)[1]) == [1, 1, 0, 0]
    safe = slice(3, 12), slice(3, 10)
    assert flags(lazily("cubic", IMAGE, grid, mask=mask, mask_safe_win=safe)[1]) == [1, 1, 0, 0]
    assert flags(theirs("cubic", IMAGE, grid, **how)[1]) == [1, 0, 0, 0]


def test_a_safe_window_must_lie_within_the_image():
    mask = np.ones(LARGE.shape, np.uint8)
    mask[30, 30] = 0
    grid = np.mgrid[:60, :64] * 1.0
    how = {"boundary_condition": "edge", **TRUSTED, "array_in_mask": mask}
    outside = np.array([[10, 60], [40, 50]])
    with pytest.raises(ValueError, match="array_in_mask_safe_win"):
        ours("bspline3", LARGE, grid, **how, array_in_mask_safe_win=outside)
    with pytest.raises(ValueError, match="mask_safe_win"):
        lazily("bspline3", LARGE, grid, mask=mask, mask_safe_win=(slice(10, 61), slice(40, 51)))
    assert theirs("bspline3", LARGE, grid, **how, array_in_mask_safe_win=outside)[1].shape == LARGE.shape


def test_a_safe_window_without_a_mask():
    grid = points((5, 5))
    assert flags(ours("linear", IMAGE, grid, array_in_mask_safe_win=[[0, 3], [0, 3]])[1]) == [1]
    with pytest.raises(ValueError, match="needs a mask"):
        lazily("linear", IMAGE, grid, mask_safe_win=(slice(0, 4), slice(0, 4)))


def test_an_eroded_safe_window_never_grows():
    mask, small, large = np.ones((60, 60), np.uint8), [[0, 4], [0, 4]], [[0, 70], [0, 59]]
    assert compat.array_bspline_prefiltering_mask_safe_win(mask, small, n=3) is None
    with pytest.raises(ValueError, match="array_in_mask_safe_win"):
        compat.array_bspline_prefiltering_mask_safe_win(mask, large, n=3)
    for window in (small, large):
        grown = reference_mask_safe_win(mask, np.array(window), n=3)
        assert grown.tolist() == [[13, 46], [13, 46]]


def test_a_mask_has_two_axes():
    grid, mask = points((5, 5)), np.ones((*IMAGE.shape, 1), np.uint8)
    with pytest.raises(ValueError, match="array_in_mask"):
        ours("linear", IMAGE, grid, array_in_mask=mask)
    with pytest.raises(ValueError, match="mask"):
        lazily("linear", IMAGE, grid, mask=mask)
    assert flags(theirs("linear", IMAGE, grid, array_in_mask=mask)[1]) == [1]


# Boundaries


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_trust_padding_has_no_default(mode):
    grid = points((5, 5))
    for call in (ours, lazily):
        with pytest.raises(ValueError, match=f"boundary_condition='{mode}' needs trust_padding"):
            call("linear", IMAGE, grid, boundary_condition=mode)
    assert flags(theirs("linear", IMAGE, grid, boundary_condition=mode)[1]) == [1]


@pytest.mark.filterwarnings("default")
def test_trust_padding_without_a_mode_warns_only_if_given():
    grid = points((5, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours("linear", IMAGE, grid)
    with pytest.warns(UserWarning, match="trust_padding is ignored"):
        ours("linear", IMAGE, grid, trust_padding=True)
    with pytest.warns(UserWarning, match="trust_padding"):
        theirs("linear", IMAGE, grid)


@pytest.mark.parametrize("mode", ["mirror", ""])
def test_an_unknown_mode_is_always_refused(mode):
    grid = points((5, 5))
    for call in (ours, lazily):
        with pytest.raises(ValueError, match="boundary_condition"):
            call("nearest", IMAGE, grid, boundary_condition=mode, trust_padding=True)
    with pytest.raises(ValueError, match="boundary_condition"):
        ours("nearest", IMAGE, grid, boundary_condition=mode, trust_padding=True, standalone=False)
    assert flags(theirs("nearest", IMAGE, grid, boundary_condition=mode, trust_padding=True)[1]) == [1]


def test_a_pixel_past_the_edge_needs_no_other_inside():
    outside, more = points((-0.4, 5), (-0.2, 5)), points((-0.4, 5), (-0.2, 5), (1, 5))
    how = {"boundary_condition": "edge", **TRUSTED}
    for call in (ours, lazily):
        assert flags(call("linear", IMAGE, outside, **how)[1]) == [1, 1]
        assert flags(call("linear", IMAGE, more, **how)[1]) == [1, 1, 1]
    assert flags(theirs("linear", IMAGE, outside, **how)[1]) == [0, 0]
    assert flags(theirs("linear", IMAGE, more, **how)[1]) == [1, 1, 1]


def test_the_ring_of_an_untrusted_edge_is_measured_from_the_image():
    parameters = {"epsilon": 1e-2, "mask_influence_threshold": 1e-6}
    away = np.mgrid[9:50, 20:40] * 1.0
    first = {}
    for grid in (np.mgrid[:50, 20:40] * 1.0, away):
        rows = grid[0][:, 0]
        for call in (ours, theirs):
            valid = call("bspline3", LARGE, grid, interp_kwargs=parameters)[1]
            first.setdefault(call, []).append(rows[valid[:, 0] == 1].min())
        spline = get_interpolator("bspline3", **parameters)
        valid = lazily(spline, LARGE, grid)[1]
        first.setdefault(lazily, []).append(rows[valid[:, 0]].min())
    assert first == {ours: [11, 11], lazily: [11, 11], theirs: [11, 9]}


@pytest.mark.parametrize("interp", ["linear", "bspline3"])
def test_a_small_image_and_a_far_grid_are_no_crash(interp):
    image = IMAGE[:4, :5].copy()
    grid = points((100, 100), (-50, 3))
    how = {"boundary_condition": "reflect", **TRUSTED}
    for call in (ours, lazily):
        assert flags(call(interp, image, grid, **how)[1]) == [0, 0]
    assert flags(ours(interp, image, points((1.5, 1.5)), **how)[1]) == [1]
