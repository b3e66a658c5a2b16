"""Datasets of files: nothing is read before it is asked for, and what was decoded is encoded again."""

import dask
import numpy as np
import odc.geo.xr  # noqa: F401 - registers .odc
import pandas as pd
import pytest
import xarray as xr

import gridr_dask  # noqa: F401 - registers the accessor
from tests.rasters import BOX, GRID, image


@pytest.fixture
def files(tmp_path):
    dataset = image().expand_dims(time=pd.date_range("2024-01-01", periods=2)).to_dataset()
    dataset["flags"] = dataset.height.astype("i2").assign_attrs(flag_masks=np.array([1, 2, 4], "i2"))
    dataset["orbit"] = ("time", [5, 6])
    for k in range(2):
        shifted = dataset.assign_coords(time=dataset.time + np.timedelta64(2 * k, "D"))
        shifted.to_netcdf(tmp_path / f"{k}.nc", engine="h5netcdf")
    return sorted(tmp_path.glob("*.nc"))


def test_a_dataset_of_many_files(files):
    """`Dataset.map` and the accessor do the same, and nothing is read before it is asked for."""
    with xr.open_mfdataset(files, engine="h5netcdf") as dataset:
        result = dataset.gridr.resample(GRID)
        assert result.chunks["time"] == (2, 2)
        assert dask.is_dask_collection(result)
        assert result.height.sizes == {"time": 4, "y": 40, "x": 50}
        mapped = dataset[["height", "flags"]].map(lambda array: array.gridr.resample(GRID))
        for name in ("height", "flags"):
            xr.testing.assert_identical(mapped[name].compute(), result[name].compute())
            xr.testing.assert_identical(result[name].compute(), dataset[name].compute().gridr.resample(GRID))
        xr.testing.assert_identical(result.orbit.compute(), dataset.orbit.compute())


def test_a_file_that_is_not_loaded(files):
    with xr.open_dataset(files[0], engine="h5netcdf") as dataset:
        result = dataset.gridr.resample(GRID)
        xr.testing.assert_identical(result, dataset.compute().gridr.resample(GRID))
    assert set(result.data_vars) == {"height", "flags", "orbit"}


def test_what_a_file_decodes_is_encoded_again(tmp_path):
    """Packed floats, categories, times and booleans: written, read, resampled, written, read."""
    rng = np.random.default_rng(2)
    made = xr.Dataset(
        {
            "packed": (("y", "x"), rng.integers(0, 3000, (60, 75)) / 100),
            "flags": (("y", "x"), rng.integers(0, 3, (60, 75), dtype="u1"), {"flag_values": [0, 1, 2]}),
            "when": (("y", "x"), np.full((60, 75), np.datetime64("2024-05-01", "ns"))),
            "cloud": (("y", "x"), rng.random((60, 75)) > 0.5),
        },
        {"lat": (("y", "x"), np.zeros((60, 75)))},
    )
    made.packed.encoding = {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -9999}
    made.to_netcdf(tmp_path / "source.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "source.nc", engine="h5netcdf", chunks={}) as source:
        interp = {"when": "nearest", "packed": "nearest"}
        result = source.gridr.resample((GRID[0] - 5, GRID[1]), interp=interp, coords=BOX)
        assert result.packed.encoding["dtype"] == "i2"
        result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf", decode_coords="all") as back:
            assert back.odc.geobox == BOX
            for name in made.data_vars:
                xr.testing.assert_equal(back[name].variable, result[name].variable.compute())
                assert back[name].dtype == made[name].dtype
            assert np.isnan(back.packed[0]).all()
            assert np.isnat(back.when[0]).all()
