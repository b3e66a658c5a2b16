"""Chunks of a target that fit into the memory of a task."""

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask
from gridr_dask.graph.settings import task_memory

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
    assert lazy.data.chunksize[1:] == (2000, 512)


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
