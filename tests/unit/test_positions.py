"""Grids that are rules: their positions, and that they are the same in every window."""

import pickle

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from affine import Affine
from dask.tokenize import tokenize
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import AbsoluteGrid, AffineGrid, CallableGrid, CrsGrid, DisplacementGrid
from gridr_dask.compute import Nodes
from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Window
from gridr_dask.plan import Chunking
from gridr_dask.plan.footprint import ROUNDING
from gridr_dask.positions import displaced
from gridr_dask.positions.cells import upsampled
from tests.drawn import chunkings
from tests.geo import UTM, texture
from tests.scenes import KERNELS
from tests.strategies import seeds

SHAPE = (90, 110)
IMAGE = xr.DataArray(np.random.default_rng(0).random((2, 70, 80)), dims=("band", "y", "x"))
MAP = Affine(0.6, 0.1, 3.25, -0.15, 0.7, 12.5)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)


def wave(rows, cols):
    """Positions that bend."""
    return 0.6 * rows + 3 * np.sin(cols / 9), 0.6 * cols + 3 * np.cos(rows / 7)


def with_a_hole(rows, cols):
    moved, other = wave(rows, cols)
    moved[np.hypot(rows - 40, cols - 40) < 15] = np.nan
    return moved, other


AFFINE = MAP.d * COLS + MAP.e * ROWS + MAP.f, MAP.a * COLS + MAP.b * ROWS + MAP.c
DISPLACEMENT = tuple((part * 7).astype("f4") for part in np.random.default_rng(1).random((2, *SHAPE)))
COARSE = tuple(part[:10, :16] for part in DISPLACEMENT)
GRIDS = {
    "affine": (MAP, {"shape": SHAPE}),
    "function": (wave, {"shape": SHAPE}),
    "function with a hole": (with_a_hole, {"shape": SHAPE}),
    "coarse function": (wave, {"shape": SHAPE, "grid_resolution": (10, 7)}),
    "displacement": (DISPLACEMENT, {"kind": "displacement"}),
    "coarse displacement": (DisplacementGrid(*COARSE), {"grid_resolution": (9, 7)}),
    "lazy displacement": (tuple(da.from_array(part, (3, 5)) for part in COARSE), {"kind": "displacement"}),
    "lazy coarse displacement": (
        DisplacementGrid(*(da.from_array(part, (3, 5)) for part in COARSE)),
        {"grid_resolution": (9, 7)},
    ),
}


@pytest.mark.parametrize("interp", KERNELS)
@pytest.mark.parametrize("grid", GRIDS)
def test_chunks_give_the_bytes_of_the_whole(grid, interp):
    given, how = GRIDS[grid]
    how = {**how, "interp": interp, "return_mask": True}
    whole = dask.compute(IMAGE.gridr.resample(given, **how))[0]
    rng, shape = np.random.default_rng(2), whole[1].shape[-2:]
    for source, target in zip(chunkings(rng, (70, 80), 3, 9), chunkings(rng, shape, 3, 30), strict=True):
        image = IMAGE.chunk(y=source[0], x=source[1])
        parts = dask.compute(image.gridr.resample(given, chunks=target, **how))[0]
        for part, expected in zip(parts, whole, strict=True):
            assert part.values.tobytes() == expected.values.tobytes()


@pytest.mark.parametrize("grid", ["affine", "function", "displacement", "coarse displacement"])
def test_a_window_gives_the_bytes_of_the_whole(grid):
    rule, how = GRIDS[grid]
    part = IMAGE.gridr.resample(rule, window=(slice(3, 9), slice(13, 70)), **how)
    assert part.identical(IMAGE.gridr.resample(rule, **how)[:, 3:9, 13:70])


@given(seed=seeds, dtype=st.sampled_from(["u1", "f4", "f8"]))
def test_any_affine_map_gives_the_bytes_of_the_whole_in_chunks(seed, dtype):
    rng = np.random.default_rng(seed)
    numbers = tuple(rng.normal(size=6) * np.array([1, 1, 40, 1, 1, 40]) * 10.0 ** rng.integers(-3, 1))
    image = (IMAGE * 200).astype(dtype)
    whole = image.gridr.resample(numbers, shape=SHAPE)
    for source, target in zip(chunkings(rng, (70, 80), 2, 9), chunkings(rng, SHAPE, 2, 30), strict=True):
        lazy = image.chunk(y=source[0], x=source[1]).gridr.resample(numbers, shape=SHAPE, chunks=target)
        assert lazy.values.tobytes() == whole.values.tobytes()


def test_an_affine_map_is_the_grid_of_its_positions():
    for rule in (MAP, tuple(MAP)[:6], list(MAP)[:6], AffineGrid(tuple(MAP)[:6], SHAPE)):
        result = IMAGE.gridr.resample(rule, shape=SHAPE)
        xr.testing.assert_allclose(result, IMAGE.gridr.resample(AFFINE), rtol=0, atol=1e-11)


def test_a_function_is_the_grid_of_its_positions():
    assert IMAGE.gridr.resample(wave, shape=SHAPE).identical(IMAGE.gridr.resample(wave(ROWS, COLS)))
    coarse = wave(ROWS[::10, ::7], COLS[::10, ::7])
    window = slice(0, 81), slice(0, 106)
    expected = IMAGE.gridr.resample(coarse, grid_resolution=(10, 7), window=window)
    result = IMAGE.gridr.resample(wave, shape=SHAPE, grid_resolution=(10, 7), window=window)
    assert result.identical(expected)


def test_a_displacement_is_added_to_the_pixel():
    rows, cols = DISPLACEMENT
    expected = IMAGE.gridr.resample((ROWS + rows, COLS + cols))
    assert IMAGE.gridr.resample(DISPLACEMENT, kind="displacement").identical(expected)
    assert IMAGE.gridr.resample(DisplacementGrid(rows, cols)).identical(expected)
    assert IMAGE.gridr.resample(AbsoluteGrid(ROWS + rows, COLS + cols)).identical(expected)


def test_a_displacement_far_from_the_origin_keeps_its_digits():
    """Float32 has 1/8 pixel left at row a million; the sum is one of float64."""
    nodes = Nodes(np.full((1, 1), 0.1, "f4"), np.zeros((1, 1), "f4"), (1 << 20, 0))
    rows = displaced(nodes, Window((1 << 20, (1 << 20) + 1), (0, 1))).rows
    assert rows[0, 0] == np.float64(np.float32(0.1)) + (1 << 20)


def test_nodes_that_are_nodata_are_invalid_in_a_displacement():
    rows = DISPLACEMENT[0].copy()
    rows[4, 5] = -99
    grid = (rows, DISPLACEMENT[1])
    _, valid = IMAGE.gridr.resample(
        grid, kind="displacement", grid_nodata=-99, interp="nearest", return_mask=True
    )
    _, before = IMAGE.gridr.resample(DISPLACEMENT, kind="displacement", interp="nearest", return_mask=True)
    assert np.argwhere((valid != before).values).tolist() == [[4, 5]]


@given(seed=seeds, resolution=st.sampled_from([(1, 1), (2, 3), (10, 10), (64, 64)]))
def test_upsampling_gives_the_positions_of_the_engine(seed, resolution):
    """Seen through an image whose samples are their own positions, where linear is exact but for rounding."""
    rng = np.random.default_rng(seed)
    rows, cols = rng.uniform(0, 60, (2, 4, 5))
    rows[rng.random((4, 5)) < 0.1] = np.nan
    shape = tuple((n - 1) * step + 1 for n, step in zip((4, 5), resolution, strict=True))
    ours = upsampled(Nodes(rows, cols, (0, 0), resolution), Window.whole(shape))
    through = IMAGE.gridr.resample(ours)
    assert through.identical(IMAGE.gridr.resample((rows, cols), grid_resolution=resolution))


@pytest.mark.parametrize(
    "given", [AffineGrid((0.6, 0.1, 3.0, -0.2, 0.7, 12.0), SHAPE), CallableGrid(wave, SHAPE)]
)
@pytest.mark.parametrize("cut", [7, 50, 200])
def test_bounds_are_those_of_the_pixels(given, cut):
    target = Chunking.from_sizes(*([min(cut, n - k) for k in range(0, n, cut)] for n in SHAPE))
    bounds = given.bounds(target)
    for i, j in np.ndindex(bounds.shape[:2]):
        window = target.window(i, j)
        pixels = upsampled(given.nodes(window), window)
        exact = [extreme(part) for part in pixels for extreme in (np.min, np.max)]
        np.testing.assert_allclose(bounds[i, j], exact, rtol=0, atol=2 * ROUNDING)
        assert (bounds[i, j] * [1, -1, 1, -1] <= np.multiply(exact, [1, -1, 1, -1])).all()


def test_an_affine_map_that_leads_far_is_bounded_by_its_nodes():
    given, target = AffineGrid((1.0, 0.0, 2.0**40, 0.0, 1.0, 0.0), SHAPE), Chunking(((65, 66),), ((65, 66),))
    bounds = [64 - ROUNDING, 128 + ROUNDING, 2**40 + 64, 2**40 + 128]
    np.testing.assert_allclose(given.bounds(target)[0, 0], bounds, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "given", [AffineGrid((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), SHAPE), CallableGrid(wave, SHAPE)]
)
def test_a_rule_is_small_and_has_a_name(given):
    assert len(pickle.dumps(given)) < 500
    assert pickle.loads(pickle.dumps(given)) == given
    assert tokenize(given) == tokenize(pickle.loads(pickle.dumps(given)))


def test_tasks_carry_the_rule_and_no_positions():
    lazy = IMAGE.chunk(y=20).gridr.resample(MAP, shape=(5000, 5000), chunks=1000)
    tasks = {k: v for k, v in dict(lazy.__dask_graph__()).items() if str(k).startswith("('gridr-resample")}
    assert len(tasks) == 25
    assert max(len(pickle.dumps(task)) for task in tasks.values()) < 4000


@pytest.mark.parametrize(
    ("given", "how", "message"),
    [
        (MAP, {}, r"needs shape=\(rows, cols\) of the target, got None"),
        (wave, {"shape": 5}, "needs shape="),
        (wave, {"shape": (0, 5)}, "needs shape="),
        (MAP, {"shape": SHAPE, "grid_resolution": (2, 2)}, "AffineGrid has its own nodes: leave it out"),
        ((1, 0, 0, 0, np.nan, 0), {"shape": SHAPE}, "6 finite numbers"),
        (AFFINE, {"shape": SHAPE}, "arrays have their own: use window"),
        (wave, {"shape": SHAPE, "kind": "displacement"}, "kind can't go with a grid that is a rule"),
        (wave, {"shape": SHAPE, "grid_nodata": 0.0}, "grid_nodata can't go"),
        (wave, {"shape": SHAPE, "grid_mask": np.ones(SHAPE)}, "grid_mask can't go"),
        (AFFINE, {"kind": "relative"}, r"kind='relative' must be one of \('absolute', 'displacement'\)"),
        (AbsoluteGrid(*AFFINE), {"kind": "displacement"}, "contradicts an AbsoluteGrid"),
        (AffineGrid((1, 0, 0, 0, 1, 0), SHAPE), {"shape": (3, 4)}, "contradicts that of the grid"),
        (lambda rows, cols: rows, {"shape": SHAPE}, "must return a pair"),
        (lambda rows, cols: (rows[:3], cols), {"shape": SHAPE}, "must return a pair"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused(given, how, message):
    with pytest.raises(InvalidInputError, match=message):
        IMAGE.gridr.resample(given, **how)


def test_a_crs_grid_goes_without_reproject():
    image, box = texture(UTM), UTM.zoom_out(1.3)
    result = image.gridr.resample(CrsGrid.between(UTM, box), interp="linear")
    assert result.shape == box.shape
    np.testing.assert_array_equal(result, image.gridr.reproject(box, interp="linear"))
