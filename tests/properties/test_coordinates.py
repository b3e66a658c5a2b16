"""A position is snapped and cut where it stands in the grid's own frame, however far that is.

Only then is it counted from the source's or a block's first pixel, in whole numbers: so bits cannot
depend on where a block begins.
"""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st

from gridr_dask.geometry import Window
from tests import oracles
from tests.drawn import NOISE, chunkings, make_scene
from tests.scenes import KERNELS, LOCAL, SPLINES, anywhere, to_bytes
from tests.strategies import seeds

FAR = 100_000


def column(size, **kwargs):
    """An image whose samples are their row numbers."""
    values = np.broadcast_to(np.arange(size, dtype=float)[:, np.newaxis], (size, 3))
    return xr.DataArray(
        da.from_array(values, chunks=(kwargs["chunk"], 3)) if kwargs else values, dims=("y", "x")
    )


def at_rows(rows):
    rows = np.asarray(rows, dtype=float)[np.newaxis]
    return rows, np.ones_like(rows)


@pytest.mark.parametrize("resolution", [(1, 1), (2, 3)], ids=["1x1", "2x3"])
@pytest.mark.parametrize("kernel", LOCAL)
@given(
    origin=st.tuples(*[st.sampled_from([FAR, -FAR, FAR + 1, -(2**28), 2**28])] * 2),
    style=st.sampled_from(["scattered", "lattice"]),
    seed=seeds,
)
def test_far_from_the_origin_pieces_and_oracle_agree(isa, kernel, resolution, origin, style, seed):
    scene = make_scene(
        kernel=kernel, resolution=resolution, style=style, origin=origin, small=True, seed=seed
    )
    clean = np.random.default_rng(seed).normal(size=scene.shape)
    scene = scene.changed(source=clean, fill=np.float64(np.nan))
    whole = scene.whole()
    rng = np.random.default_rng(seed)
    for source_cuts, target_cuts in zip(
        chunkings(rng, scene.shape, 3), chunkings(rng, scene.window.shape, 3), strict=True
    ):
        assert to_bytes(scene.in_pieces(source_cuts, target_cuts)) == to_bytes(whole)
    values, valid = oracles.resample(
        clean,
        scene.rows,
        scene.cols,
        kernel,
        resolution=resolution,
        window=scene.window,
        origin=origin,
    )
    np.testing.assert_array_equal(whole[1], valid)
    np.testing.assert_allclose(whole[0], values, rtol=0, atol=1e-12 * abs(clean).max())


@pytest.mark.parametrize("shape", [(3, 40_000), (40_000, 3)], ids=["wide", "tall"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_long_source_gives_the_same_bits_from_one_block_or_many(isa, kernel, shape):
    rng = np.random.default_rng(2)
    long = int(np.argmax(shape))
    nodes = [np.ones((5, 40)), np.ones((5, 40))]
    nodes[long] = rng.uniform(39_000, 40_001, (5, 40)) + rng.choice(NOISE, (5, 40))
    scene = make_scene(kernel=kernel, resolution=(2, 3), style="scattered", seed=1).changed(
        source=rng.normal(size=shape), rows=nodes[0], cols=nodes[1], window=Window.whole((9, 118))
    )
    whole = to_bytes(scene.whole())
    assert np.frombuffer(whole[1][2], bool).any()
    for size in (40_000, 20_000, 39_999, 997):
        source_cuts = tuple(
            (n,) if axis != long else (size,) * (n // size) + ((n % size,) if n % size else ())
            for axis, n in enumerate(shape)
        )
        assert to_bytes(scene.in_pieces(source_cuts, ((4, 5), (50, 68)))) == whole
        assert to_bytes([np.asarray(half) for half in scene.lazily(source_cuts, (5, 50))]) == whole


@example(row=-1.2e-12, origin=-20_000)
@example(row=-1.0, origin=-20_000)
@given(
    row=st.integers(-2, 2).flatmap(
        lambda k: st.sampled_from([k / 2 + noise for noise in (*NOISE, 5e-12, -5e-12, 4e-11, -4e-11)])
    ),
    origin=st.sampled_from([0, -5, -20_000, -FAR]),
)
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_block_border_at_the_frames_origin_is_not_missed(kernel, row, origin):
    # Counted from the source's first pixel in floats, such a row would round onto the border.
    size = 10 - origin
    image = column(size, chunk=-origin or size)
    whole = column(size).gridr.resample(at_rows([row]), source_origin=(origin, 0), **anywhere(kernel))
    lazy = image.gridr.resample(at_rows([row]), source_origin=(origin, 0), **anywhere(kernel))
    assert to_bytes([lazy]) == to_bytes([whole])


SNAPS = [
    ("linear", -1e-13, 0.0),
    ("linear", -4.9e-13, 0.0),
    ("linear", -5.1e-13, np.nan),
    ("linear", -1e-12, np.nan),
    ("cubic", -4.9e-13, 0.0),
    ("cubic", -5.1e-13, np.nan),
    ("cubic", 4.9e-13, 0.0),
    ("cubic", 5.1e-13, np.nan),
    ("nearest", 5.5 - 1e-13, 6.0),
    ("nearest", 5.5 - 1e-12, 5.0),
    ("nearest", 0.49999999999999994, 1.0),
    ("nearest", -0.5 - 4.9e-13, 0.0),
    ("nearest", -0.5 - 5.1e-13, np.nan),
    ("linear", 9 + 4.9e-13, 9.0),
    ("linear", 9 + 5.1e-13, np.nan),
]


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
@pytest.mark.parametrize(("kernel", "row", "want"), SNAPS, ids=[f"{k}-{x!r}" for k, x, _ in SNAPS])
def test_noise_snaps_to_half_integers_and_no_further(isa, kernel, row, want, lazy):
    image = column(10, chunk=3) if lazy else column(10)
    result = image.gridr.resample(at_rows([row]), interp=kernel).values
    np.testing.assert_array_equal(result, [[want]])


@pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])
@pytest.mark.parametrize("kernel", SPLINES)
@pytest.mark.parametrize(
    ("row", "valid"), [(-4.9e-13, True), (-5.1e-13, False), (9 + 4.9e-13, True), (9 + 5.1e-13, False)]
)
def test_noise_does_not_push_a_spline_off_the_image(isa, kernel, row, valid, lazy):
    image = column(10, chunk=3) if lazy else column(10)
    result = image.gridr.resample(at_rows([row]), **anywhere(kernel)).values.item()
    np.testing.assert_allclose(result, round(row) if valid else np.nan, rtol=0, atol=9e-6)


ULP = np.spacing(float(FAR))


@pytest.mark.parametrize("ulps", range(-6, 7))
@pytest.mark.parametrize("kernel", ["linear", "cubic"])
def test_far_away_a_few_ulps_snap(isa, kernel, ulps):
    result = column(FAR + 1).gridr.resample(at_rows([FAR + ulps * ULP]), interp=kernel).item()
    # 4.5e-16 of the position are 3.09 ulps here; at the powers of two they are 2.03.
    if abs(ulps) <= 3:
        assert result == FAR
    elif kernel == "linear" and ulps < 0:
        assert FAR - 1e-9 < result < FAR
    else:
        assert np.isnan(result)


@pytest.mark.parametrize("kernel", LOCAL)
@pytest.mark.parametrize("x", [0.5, 1.5, 2.5, -0.5, 99_999.5, 4.0, 4.25, -1.0])
def test_the_oracle_and_the_engine_choose_the_same_taps(isa, kernel, x):
    size = FAR + 2
    image = column(size)
    needed = oracles.support(x, 1.0, kernel, (size, 3))
    result = image.gridr.resample(at_rows([x]), interp=kernel).item()
    want = sum(weight * at[0] for at, weight in needed.items()) if needed else np.nan
    np.testing.assert_allclose(result, want, rtol=1e-15)
