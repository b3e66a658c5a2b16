"""Chunks of a target that fit into the memory of a task."""

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask
from gridr_dask.settings import task_memory

MIB = 1 << 20


def source(chunks=500, size=3000, bands=1):
    values = da.zeros((bands, size, size), chunks=(bands, chunks, chunks), dtype="f4")
    return xr.DataArray(values, dims=("band", "y", "x"), name="image")


def grid(scale=1.0, size=3000, step=100):
    """A grid of ``size x size`` target pixels and more."""
    positions = np.arange(0, size + step, step) * scale
    return np.stack(np.meshgrid(positions, positions, indexing="ij"))


def side(memory, scale=1.0, **arguments):
    """The chunk that is chosen within some memory."""
    with dask.config.set({"gridr.task-memory": memory}):
        lazy = source(**arguments).gridr.resample(grid(scale), grid_resolution=(100, 100), chunks="auto")
    assert lazy.data.chunksize[1] == lazy.data.chunksize[2]
    return lazy.data.chunksize[1]


def test_chunks_are_2048_unless_that_is_too_much():
    assert side("1 GiB") == 2048
    assert source().gridr.resample(grid(), grid_resolution=(100, 100)).data.chunksize == (1, 2048, 2048)


def test_chunks_become_smaller_with_less_memory_more_bands_or_a_coarser_scale():
    assert side("30 MiB") == 1024
    assert side("1 GiB", bands=32) == 1024
    assert side("45 MiB", scale=4.0, size=12_000) == 512


def test_a_task_that_cannot_fit_is_refused_with_the_numbers():
    with pytest.raises(gridr_dask.InvalidInputError) as error:
        side("30 MiB", chunks=3000)
    assert error.value.code == "task-memory"
    for part in (
        "256 x 256 target chunk at rows [256, 512)",
        "of image would hold",
        "source 34.33 MiB",
        "30.00 MiB",
        "rechunk",
    ):
        assert part in str(error.value)


def test_chunks_that_were_asked_for_are_kept_or_refused():
    call = {"grid": grid(), "grid_resolution": (100, 100)}
    with dask.config.set({"gridr.task-memory": "30 MiB"}):
        with pytest.raises(gridr_dask.InvalidInputError, match="2000 x 2000 target chunk"):
            source().gridr.resample(**call, chunks=2000)
        lazy = source().gridr.resample(**call, chunks={"y": 2000})
        # A plan shows what is refused.
        assert source().gridr.plan(**call, chunks=2000).peak > 30 * MIB
    assert lazy.data.chunksize[1:] == (2000, 1024)


ZOOMS = {
    "nearest": {"interp": "nearest"},
    "cubic, validity": {"interp": "cubic", "return_mask": True},
    "spline": {"interp": "bspline3", "memory": 20},
    "each band by itself": {"src_nodata": 7, "return_mask": True, "dtype": "u1"},
    "masked": {
        "mask": np.arange(2000 * 2000).reshape(2000, 2000) % 91 > 0,
        "return_mask": True,
        "memory": 12,
    },
    "a lazy grid": {"lazy": True},
    "columns first": {"turned": True, "return_mask": True},
}


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_chunk_that_sees_too_much_is_made_in_parts(zoom):
    """100:1 with chunks that are asked for: a chunk alone would see all of the source."""
    arguments = dict(ZOOMS[zoom])
    memory = arguments.pop("memory", 9) * MIB
    values = np.random.default_rng(0).integers(0, 200, (2, 2000, 2000)).astype("f4")
    image = xr.DataArray(values, dims=("band", "y", "x"), name="image")
    zoomed = np.mgrid[:40, :40] * 50.0 + 0.3
    lazy_grid = da.from_array(zoomed, chunks=(2, 16, 16)) if arguments.pop("lazy", False) else zoomed
    if arguments.pop("turned", False):
        image = image.transpose("x", "band", "y")
    expected = image.gridr.resample(zoomed, **arguments)
    with dask.config.set({"gridr.task-memory": memory}):
        chunked = image.chunk(band=1, y=128, x=128)
        lazy = chunked.gridr.resample(lazy_grid, chunks=(30, 40), **arguments)
        plan = chunked.gridr.plan(lazy_grid, chunks=(30, 40), **arguments)
    assert plan.joined is not None
    assert plan.peak <= memory
    assert f"2 x 1, in parts: {plan.chunks.target.shape[0]} x" in repr(plan)
    assert plan.tasks == 2 * (2 + np.prod(plan.chunks.target.shape))
    pairs = zip(lazy, expected, strict=True) if "return_mask" in arguments else [(lazy, expected)]
    for half, whole in pairs:
        rows, cols = (half.get_axis_num(dim) for dim in ("y", "x"))
        assert (half.chunks[rows], half.chunks[cols]) == ((30, 10), (40,))
        assert half.values.tobytes() == whole.values.tobytes()


def test_only_what_sees_too_much_is_made_in_parts():
    """A perspective view: far below 50 pixels of the source for one of the target, near 2."""
    down, right = np.mgrid[:100, :100]
    rows, cols = 1900 - 60_000 / (down + 32.0), (right - 50.0) * 1900 / (down + 32) + 1000
    image = xr.DataArray(np.random.default_rng(0).random((2000, 2000), "f4"), dims=("y", "x"))
    with dask.config.set({"gridr.task-memory": "9 MiB"}):
        lazy = image.chunk(128).gridr.resample((rows, cols), chunks=50)
        target = image.chunk(128).gridr.plan((rows, cols), chunks=50).chunks.target
    assert lazy.chunks == ((50, 50), (50, 50))
    assert len(target.rows) > 2
    assert target.rows[-1] == (50, 100)
    assert lazy.values.tobytes() == image.gridr.resample((rows, cols)).values.tobytes()


def test_parts_that_do_not_help_are_not_made():
    zoomed = np.mgrid[:40, :40] * 50.0
    image = xr.DataArray(da.zeros((2000, 2000), chunks=2000), dims=("y", "x"))
    with dask.config.set({"gridr.task-memory": "9 MiB"}):
        with pytest.raises(gridr_dask.InvalidInputError, match="40 x 40 target chunk at rows"):
            image.gridr.resample(zoomed, chunks=40)
        assert image.gridr.plan(zoomed, chunks=40).joined is None


def test_empty_chunks_are_those_of_the_source():
    """As xarray's `open_dataset(chunks={})` takes those of a file."""
    image = xr.DataArray(np.zeros((90, 80)), dims=("y", "x"))
    target = np.mgrid[:50, :60]
    assert image.chunk(y=(40, 30, 20), x=25).gridr.resample(target, chunks={}).chunks == (
        (40, 10),
        (25, 25, 10),
    )
    assert image.gridr.resample(target, chunks={}).chunks == ((50,), (60,))
    columns_first = image.chunk(y=20).transpose("x", "y").gridr.resample(target, chunks={})
    assert columns_first.chunks == ((60,), (20, 20, 10))
    both = xr.Dataset({"a": image.chunk(y=20), "b": image.chunk(y=30)})
    assert both.gridr.resample(target, chunks={}).chunks == {"y": (20, 20, 10), "x": (60,)}
    tiles = image.chunk(20).gridr.supertiles(target, chunks={}, side=1)
    assert tiles.chunks == {"y": (20, 20, 10), "x": (20, 20, 20)}


def test_the_setting_is_read_at_each_call():
    assert task_memory() == 1024 * MIB
    with dask.config.set({"gridr.task-memory": "3 MiB"}):
        assert task_memory() == 3 * MIB
    with dask.config.set({"gridr.task-memory": 5}):
        assert task_memory() == 5


@pytest.mark.parametrize("value", [None, "much", 0, -1, "0 B", [1]])
def test_a_setting_that_is_no_size_is_refused(value):
    with dask.config.set({"gridr.task-memory": value}), pytest.raises(gridr_dask.InvalidInputError) as error:
        task_memory()
    assert "gridr.task-memory" in str(error.value)


def test_a_large_graph_is_warned_of_with_the_way_out():
    image = xr.DataArray(da.zeros((500, 500)), dims=("y", "x"))
    with pytest.warns(UserWarning, match=r"202500 tasks.*larger chunks.*window=") as caught:
        lazy = image.gridr.resample(np.mgrid[:450, :450], chunks=1, interp="nearest")
    assert caught[0].filename == __file__
    assert lazy[7:9, 3].compute().shape == (2,)


def test_an_image_in_memory_is_cut_without_a_copy():
    image = np.zeros((3, 5000, 100), "f4")
    lazy = xr.DataArray(image, dims=("band", "y", "x")).gridr.resample(np.mgrid[:100, :100], chunks=50)
    (layer,) = [layer for name, layer in lazy.data.dask.layers.items() if name.startswith("gridr-array")]
    assert layer.numblocks == (1, 3, 1)
    assert all(np.shares_memory(node.value, image) for node in layer.values())
