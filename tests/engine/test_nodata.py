"""Samples that are no values: nodata, NaN, infinities; what they cover, and that all else keeps its bytes."""

from math import floor

import numpy as np
import pytest
import xarray as xr

from gridr_dask import get_interpolator
from gridr_dask.compute.splines import influence_radius
from tests import oracles
from tests.engine.cases import EDGES
from tests.pairwise import pairwise

LOCAL = ("nearest", "linear", "cubic")
SPLINES = ("bspline3", "bspline5", "bspline7", "bspline9", "bspline11")
FILL = -77.0
SHAPE = (60, 70)


def interp_of(kernel, threshold=0.05):
    if not oracles.is_spline(kernel):
        return get_interpolator(kernel)
    return get_interpolator(kernel, epsilon=1e-9, mask_influence_threshold=threshold)


def radius_of(kernel, threshold=0.05):
    if not oracles.is_spline(kernel):
        return 0
    return floor(influence_radius(int(kernel.removeprefix("bspline")), threshold))


def grid_of(rng, count=(12, 80), shape=SHAPE):
    axes = [rng.uniform(-2, n + 1, count) for n in shape]
    axes = [np.where(rng.random(count) < 0.4, np.round(2 * axis) / 2, axis) for axis in axes]
    # One is always on the sample that is always spoiled.
    axes[0][0, 0], axes[1][0, 0] = 30, 35
    return tuple(axes)


def resampled(image, grid, kernel, edge="edge trusted", dims=("y", "x"), **arguments):
    mode, trusted = EDGES[edge]
    arguments = {"nodata_out": FILL, "src_nodata": None} | arguments
    values, valid = xr.DataArray(image, dims=dims).gridr.resample(
        grid,
        interp=interp_of(kernel),
        boundary_condition=mode,
        trust_padding=trusted,
        return_mask=True,
        **arguments,
    )
    return values.values, valid.values


def clear_of(samples, grid, kernel, edge):
    """Pixels that an unusual sample does not reach, by the oracle; those past the edge are left out."""
    mode, trusted = EDGES[edge]
    taps = oracles.valid_taps(samples, kernel, mode, bool(trusted), radius_of(kernel))
    return oracles.validity(*grid, kernel, taps)


def spoiled(rng, image, values):
    """The image with some samples replaced, and where they are not."""
    holes = rng.random(image.shape[-2:]) < 0.002
    holes[30, 35] = holes[0, 3] = holes[-1, -1] = True
    image = image.copy()
    image[..., holes] = rng.choice(values, int(holes.sum()))
    return image, ~holes


@pairwise(
    kernel=LOCAL + SPLINES,
    edge=tuple(EDGES),
    policy=["propagate", "invalid"],
    dtype=["f4", "f8", "c8"],
    mask=[False, True],
)
def test_nan_reaches_the_pixels_that_need_it_and_no_others(isa, case):
    """Elsewhere the bytes are those of the image with 0 in its place."""
    rng = np.random.default_rng(1)
    kernel, edge = case["kernel"], case["edge"]
    clean = rng.normal(size=SHAPE).astype(case["dtype"])
    image, sound = spoiled(rng, clean, [np.nan])
    mask = rng.random(SHAPE) > 0.001 if case["mask"] else np.ones(SHAPE, bool)
    # A masked NaN counts as masked only.
    mask[30, 35] = not case["mask"]
    grid = grid_of(rng)
    values, valid = resampled(image, grid, kernel, edge, mask=mask, nan_policy=case["policy"])
    zeroed = np.where(sound, clean, 0).astype(case["dtype"])
    want, in_mask = resampled(zeroed, grid, kernel, edge, mask=mask)
    np.testing.assert_array_equal(in_mask, clear_of(mask, grid, kernel, edge))
    needs_nan = ~clear_of(sound | ~mask, grid, kernel, edge) & in_mask
    assert needs_nan.any()
    assert (in_mask & ~needs_nan).any()
    if case["policy"] == "invalid":
        np.testing.assert_array_equal(valid, in_mask & ~needs_nan)
        want = np.where(needs_nan, np.asarray(FILL, image.dtype), want)
    else:
        np.testing.assert_array_equal(valid, in_mask)
        want = np.where(
            needs_nan, np.asarray(complex(np.nan, np.nan) if image.dtype.kind == "c" else np.nan), want
        )
    np.testing.assert_array_equal(np.isnan(values), np.isnan(want))
    rest = ~np.isnan(want)
    assert values[rest].tobytes() == want[rest].astype(image.dtype).tobytes()


@pairwise(
    kernel=SPLINES,
    edge=("ends", "edge trusted", "wrap trusted", "reflect untrusted"),
    policy=["propagate", "invalid"],
    value=[np.inf, -np.inf, "both"],
)
def test_an_infinite_sample_covers_the_same_diamond_in_a_spline(case):
    rng = np.random.default_rng(2)
    kernel, edge = case["kernel"], case["edge"]
    clean = rng.normal(size=SHAPE)
    image, sound = spoiled(
        rng, clean, [np.inf, -np.inf, np.nan] if case["value"] == "both" else [case["value"]]
    )
    grid = grid_of(rng)
    infinite = resampled(image, grid, kernel, edge, nan_policy=case["policy"])
    missing = resampled(np.where(sound, clean, np.nan), grid, kernel, edge, nan_policy=case["policy"])
    assert [half.tobytes() for half in infinite] == [half.tobytes() for half in missing]
    assert not clear_of(sound, grid, kernel, edge).all()


@pytest.mark.parametrize("policy", ["propagate", "invalid"])
@pytest.mark.parametrize("kernel", LOCAL)
def test_an_infinite_sample_is_a_value_for_other_kernels(kernel, policy):
    rng = np.random.default_rng(3)
    image, sound = spoiled(rng, rng.normal(size=SHAPE), [np.inf])
    grid = grid_of(rng)
    values, valid = resampled(image, grid, kernel, nan_policy=policy)
    touched = ~clear_of(sound, grid, kernel, "edge trusted") & valid
    np.testing.assert_array_equal(valid, resampled(np.where(sound, image, 0), grid, kernel)[1])
    np.testing.assert_array_equal(~np.isfinite(values), touched)


@pairwise(
    kernel=LOCAL + SPLINES,
    edge=tuple(EDGES),
    dtype=["u1", "i2", "f4", "f8", "c16"],
    nodata=[7, 0, "nan"],
    mask=[False, True],
)
def test_nodata_samples_are_as_if_masked_in_their_band(isa, case):
    rng = np.random.default_rng(4)
    kernel, edge, dtype = case["kernel"], case["edge"], np.dtype(case["dtype"])
    nodata = case["nodata"]
    if nodata == "nan":
        nodata = np.nan if dtype.kind in "fc" else 7
    clean = rng.integers(20, 120, SHAPE).astype(dtype)
    first, sound = spoiled(rng, clean, [nodata])
    mask = rng.random(SHAPE) > 0.002 if case["mask"] else None
    grid = grid_of(rng)
    values, valid = resampled(
        np.stack([first, clean]),
        grid,
        kernel,
        edge,
        dims=("band", "y", "x"),
        src_nodata=nodata,
        mask=mask,
        nodata_out=99,
    )
    assert valid.shape == values.shape
    for band, (image, own) in enumerate([(first, sound), (clean, np.ones(SHAPE, bool))]):
        both = own if mask is None else own & mask
        zeroed = np.where(own, image, 0).astype(dtype) if np.isnan(nodata) else image
        want, want_valid = resampled(zeroed, grid, kernel, edge, mask=both, nodata_out=99)
        np.testing.assert_array_equal(valid[band], want_valid)
        assert values[band].tobytes() == want.tobytes()
    assert (valid[0] != valid[1]).any()


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
def test_each_variable_of_a_dataset_has_its_own_nodata(lazy):
    rng = np.random.default_rng(5)
    clean = rng.integers(20, 120, SHAPE).astype("f8")
    image = clean.copy()
    image[10, 10], image[20, 20], image[30, 30], image[40, 40] = -1, -2, -3, -4
    dataset = xr.Dataset(dict.fromkeys("abcd", (("y", "x"), image)))
    dataset["a"].attrs["_FillValue"] = -1
    dataset["b"].encoding["missing_value"] = -2.0
    dataset["c"].attrs["nodata"] = -3
    grid = tuple(np.indices(SHAPE).astype(float))
    source = dataset.chunk(13) if lazy else dataset

    def invalid(src_nodata):
        _, valid = source.gridr.resample(
            grid,
            interp="nearest",
            src_nodata=src_nodata,
            nodata_out=0,
            return_mask=True,
            chunks=17 if lazy else None,
        )
        return {name: np.argwhere(~valid[name].values).tolist() for name in valid.data_vars}

    assert invalid("auto") == {"a": [[10, 10]], "b": [[20, 20]], "c": [[30, 30]], "d": []}
    assert invalid(-4) == {name: [[40, 40]] for name in "abcd"}
    assert invalid(None) == {name: [] for name in "abcd"}


def test_a_declared_nodata_that_the_type_cannot_hold_is_no_sample():
    image = xr.DataArray(np.full((5, 5), 9, "u1"), dims=("y", "x"), attrs={"_FillValue": -9999, "nodata": 9})
    grid = np.indices((5, 5)).astype(float)
    _, valid = image.gridr.resample(grid, interp="linear", nodata_out=0, return_mask=True)
    assert not valid.any()


@pytest.mark.parametrize("kernel", LOCAL + SPLINES)
def test_nodata_is_compared_in_the_type_of_the_source(kernel):
    image = np.full((9, 9), np.float32(0.1))
    image[4, 4] = 5
    _, valid = resampled(image, tuple(np.indices((9, 9)) * 1.0), kernel, src_nodata=0.1)
    assert valid.sum() <= 1
    _, valid = resampled(image, tuple(np.indices((9, 9)) * 1.0), kernel, src_nodata=None)
    assert valid.all()


@pytest.mark.parametrize("dtype", ["c8", "c16"])
@pytest.mark.parametrize("kernel", LOCAL + SPLINES)
@pytest.mark.parametrize("hole", [complex(np.nan, 1), complex(1, np.nan), complex(np.nan, np.nan)], ids=str)
@pytest.mark.parametrize("bands", [(), (1,), (2,), (3, 2)], ids=str)
def test_complex_samples_with_nan_in_a_part_are_nodata(dtype, kernel, hole, bands):
    rng = np.random.default_rng(6)
    image = (rng.normal(size=(*bands, 20, 20)) + 1j * rng.normal(size=(*bands, 20, 20))).astype(dtype)
    image[..., 10, 11] = hole
    dims = (*("time", "band")[: len(bands)], "y", "x")
    rows, cols = np.indices((20, 20)).astype(float)
    values, valid = resampled(image, (rows, cols), kernel, dims=dims, src_nodata=np.nan, nodata_out=np.nan)
    reach = oracles.MARGIN[kernel] if oracles.is_spline(kernel) else 0
    far = np.maximum(abs(rows - 10) - reach, 0) + np.maximum(abs(cols - 11) - reach, 0) > radius_of(kernel)
    np.testing.assert_array_equal(valid, np.broadcast_to(far, image.shape))
    np.testing.assert_array_equal(np.isnan(values.real), ~valid)
    np.testing.assert_array_equal(np.isnan(values.imag), ~valid)


@pytest.mark.parametrize("kernel", ["linear", "cubic", *SPLINES])
@pytest.mark.parametrize("kind", ["nan propagates", "nan is invalid", "nodata"])
def test_a_safe_window_answers_for_the_mask_only(kernel, kind):
    """A NaN or nodata sample in it is what it is without the window, which is not even a false promise."""
    rng = np.random.default_rng(7)
    image, mask = rng.normal(size=SHAPE), np.ones(SHAPE, bool)
    mask[2, 2] = False
    image[30, 35] = -9 if kind == "nodata" else np.nan
    arguments = {
        "nan propagates": {"nan_policy": "propagate"},
        "nan is invalid": {"nan_policy": "invalid"},
        "nodata": {"src_nodata": -9},
    }[kind]
    grid = tuple(axis + 0.25 for axis in np.mgrid[27:34.0, 32:40.0])
    plain = resampled(image, grid, kernel, mask=mask, **arguments)
    safe = resampled(image, grid, kernel, mask=mask, mask_safe_win=(slice(3, 60), slice(3, 70)), **arguments)
    for half, want in zip(safe, plain, strict=True):
        np.testing.assert_array_equal(half, want)


@pytest.mark.parametrize("out", ["u1", "i4"])
@pytest.mark.parametrize("kernel", LOCAL + SPLINES)
def test_a_nan_that_an_integer_cannot_hold_is_invalid(kernel, out):
    rng = np.random.default_rng(8)
    image, _ = spoiled(rng, rng.uniform(0, 200, SHAPE), [np.nan])
    grid = grid_of(rng)
    values, valid = resampled(image, grid, kernel, dtype=out, nodata_out=3)
    floats, float_valid = resampled(image, grid, kernel)
    np.testing.assert_array_equal(valid, float_valid & ~np.isnan(floats))
    limits = np.iinfo(out)
    whole = np.rint(np.nan_to_num(floats)).clip(limits.min, limits.max)
    np.testing.assert_array_equal(values, np.where(valid, whole, 3))
