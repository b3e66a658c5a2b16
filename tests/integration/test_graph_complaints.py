"""What graphs of other packages are known to suffer from, a test for each.

Complaints about metadata and types stand in `test_xarray_manners`. The numbers are those of the issues.
"""

import pickle

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask  # noqa: F401 - registers .gridr

SQUARE = np.mgrid[:120, :120] * 0.7 + 3.3


def image(shape=(100, 100), chunks=25, dtype="f4"):
    values = np.random.default_rng(0).random(shape).astype(dtype)
    return xr.DataArray(values, dims=("y", "x")).chunk({"y": chunks, "x": chunks})


def resampled(chunks, **arguments):
    return image().gridr.resample(SQUARE, chunks=chunks, **arguments)


def tasks_of(lazy):
    """The tasks that make target chunks."""
    return {
        key: task for key, task in dict(lazy.__dask_graph__()).items() if str(key).startswith("('gridr-res")
    }


def test_equal_calls_have_equal_names():
    """odc-geo names by `uuid4`, so that nothing is found again."""
    assert resampled(30).data.name == resampled(30).data.name != resampled(30, interp="linear").data.name


def test_the_layers_do_not_grow_with_the_chunks():
    """pyresample adds two layers for each block, dask-image one, xcube one with the blocks of all others."""
    few, many = resampled(60), resampled(6)
    assert len(few.data.dask.layers) == len(many.data.dask.layers)
    assert (len(tasks_of(few)), len(tasks_of(many))) == (4, 400)
    assert len(dict(many.__dask_graph__())) <= 400 + 16 + 16 + 1


def test_a_task_is_sent_its_own_windows_only():
    """odc-geo hands the map of all blocks to each task; xesmf#111 all weights."""
    sizes = [
        max(len(pickle.dumps(task)) for task in tasks_of(resampled(chunks)).values()) for chunks in (12, 3)
    ]
    assert sizes[1] < sizes[0] < 12 * 12 * 16 + 3000


def test_no_task_waits_for_something_that_all_share():
    """satpy#1902: all chunks depended on one meshgrid, and were all held until it was used up."""
    sources = set(dict(image().__dask_graph__()))
    for task in tasks_of(resampled(30)).values():
        assert task.dependencies <= sources
        assert len(task.dependencies) <= 4


def test_one_wide_window_does_not_widen_the_others():
    """xcube pads every window to the largest."""
    grid = SQUARE.copy()
    grid[:, 0, 0] = 99
    windows = image().gridr.plan(grid, chunks=10).windows
    sides = windows[..., 1] - windows[..., 0]
    assert sides[0, 0] > 80
    assert np.delete(sides.ravel(), 0).max() < 20


@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic"])
def test_positions_may_be_far_out(interp):
    """xcube counts pixels in int16, which end at 32,767, and keeps positions in float32."""
    width = 100_000
    wide = xr.DataArray(
        da.from_array(np.arange(2.0 * width).reshape(2, width) ** 2, chunks=(2, 9000)), dims=("y", "x")
    )
    rows, cols = np.mgrid[:2, width - 50 : width - 5]
    result = wide.gridr.resample((rows, cols), interp=interp, chunks=7)
    np.testing.assert_array_equal(result, wide[:, width - 50 : width - 5])
    if interp == "cubic":
        between = wide.gridr.resample(
            (rows[:1] * 0 + 1, cols[:1] + 1 / 64), boundary_condition="edge", trust_padding=True
        )
        exact = (width + cols[0] + 1 / 64) ** 2
        np.testing.assert_allclose(between[0], exact, rtol=1e-15)


def test_downscaling_leaves_no_holes():
    """odc-geo#236 and #238, geoutils#537, GDAL#13717: holes and seams for some chunkings."""
    coarse = np.mgrid[:33, :33] * 3.0 + 0.5
    whole = image().compute().gridr.resample(coarse, interp="linear")
    assert np.isfinite(whole).all()
    for source_chunks in (7, 10, 33, 100):
        for chunks in (1, 5, 16, 33):
            lazy = image(chunks=source_chunks).gridr.resample(coarse, interp="linear", chunks=chunks)
            assert lazy.values.tobytes() == whole.values.tobytes()


def test_blocks_stand_where_they_belong():
    """geoutils#881: blocks in the wrong order, where rows and columns have different numbers of them."""
    numbered = xr.DataArray(np.arange(60.0 * 70).reshape(60, 70), dims=("y", "x"))
    lazy = numbered.chunk(y=7, x=30).gridr.resample(np.mgrid[:60, :70], chunks=(25, 11))
    np.testing.assert_array_equal(lazy, numbered)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_an_affine_map_knows_all_boundaries(mode):
    """dask-image supports none that come back from the other side."""
    arguments = {"shape": (70, 80), "boundary_condition": mode, "trust_padding": True, "interp": "bspline3"}
    turned = (0.8, -0.6, 40, 0.6, 0.8, -20)
    whole = image().compute().gridr.resample(turned, **arguments)
    assert image().gridr.resample(turned, chunks=23, **arguments).values.tobytes() == whole.values.tobytes()


def test_spatial_chunks_are_no_error():
    """xesmf#222."""
    lines = image().chunk(y=1, x=-1).gridr.resample(SQUARE, chunks=50)
    assert lines.compute().identical(image().compute().gridr.resample(SQUARE))


def test_nothing_is_read_when_a_graph_is_made():
    """rioxarray reads the source; dask-image computes in tasks, behind the scheduler's back."""

    def fail(block):
        pytest.fail("read")

    lazy = image().copy(data=image().data.map_blocks(fail, dtype="f4", meta=np.empty((0, 0), "f4")))
    for interp in ("nearest", "bspline5"):
        result = lazy.gridr.resample(SQUARE, interp=interp, chunks=30, return_mask=True)
        assert result[0].shape == (120, 120)
