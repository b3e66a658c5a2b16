"""Resamples an image of 1.15 GB, from zarr to zarr, and compares parts of it with the same parts alone.

Usage: planned.py planned, or planned.py whole, which loads all of it.
"""

import sys

import dask
import dask.array as da
import numpy as np
import xarray as xr

import gridr_dask

SIZE = 12_000
CHUNK = 1_000
PART = 256
TURNED = gridr_dask.AffineGrid((0.98, -0.17, 1_000.0, 0.17, 0.98, -500.0), (SIZE, SIZE))
HOW = {"interp": "cubic", "nodata_out": 0}
# Written as they are.
STORE = {"encoding": {"image": {"compressors": None}}, "consolidated": False}


def main(way):
    write_source()
    image = xr.open_zarr("source.zarr", chunks=None, consolidated=False)["image"]
    if way == "whole":
        result = image.load().gridr.resample(TURNED, **HOW)
    else:
        lazy = image.gridr.resample(TURNED, chunks="auto", **HOW)
        gridr_dask.to_zarr(lazy, "target.zarr", **STORE)
        result = xr.open_zarr("target.zarr", chunks=None, consolidated=False)["image"]
    for row, col in (5_000, 5_000), (2_345, 8_001), (SIZE - PART, SIZE - PART):
        window = slice(row, row + PART), slice(col, col + PART)
        alone = image.gridr.resample(TURNED, window=window, chunks=PART, **HOW)
        assert (result[window] == alone.values).all()
    print("the same")


def write_source():
    chunks = da.core.normalize_chunks(CHUNK, (SIZE, SIZE))
    values = da.map_blocks(pattern, chunks=chunks, dtype=np.float64)
    gridr_dask.to_zarr(xr.DataArray(values, dims=("y", "x"), name="image"), "source.zarr", **STORE)


def pattern(block_info=None):
    rows, cols = (np.arange(*span) for span in block_info[None]["array-location"])
    return (rows[:, np.newaxis] * 7.0 + cols * 3.0) % 1013.0


if __name__ == "__main__":
    # Threads, and tasks at once, whatever the host has.
    with dask.config.set(num_workers=2):
        main(*sys.argv[1:])
