"""A model's ocean on its curvilinear grid, resampled to longitudes and latitudes by a user's own grid."""

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from tests.geo import package_file

LAT, LON = np.meshgrid(np.arange(60, -61, -1.5), np.arange(-150, 150, 1.5), indexing="ij")


def unit_vectors(lat, lon):
    lat, lon = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def grid_of(nav_lat, nav_lon):
    """Source rows and columns of LAT, LON: the nearest node of the model, then steps of Gauss and Newton.

    The model goes around the world: its last column has its first one as a neighbour.
    """
    nodes, wanted = unit_vectors(nav_lat, nav_lon), unit_vectors(LAT, LON)
    around = np.pad(nodes, ((0, 0), (3, 3), (0, 0)), mode="wrap")
    _, nearest = cKDTree(nodes.reshape(-1, 3)).query(wanted.reshape(-1, 3))
    position = np.stack(np.unravel_index(nearest, nav_lat.shape)) + np.array([[0.0], [3.0]])

    def at(position):
        return np.stack([map_coordinates(around[..., k], position, order=1) for k in range(3)], axis=-1)

    for _ in range(5):
        here = at(position)
        steps = np.array([[[0.1], [0.0]], [[0.0], [0.1]]])
        jacobian = np.stack([at(position + step) - here for step in steps], axis=-1) / 0.1
        step = np.linalg.pinv(jacobian) @ (wanted.reshape(-1, 3) - here)[..., None]
        position += np.clip(step[..., 0].T, -1, 1)
    lost = np.linalg.norm(at(position) - wanted.reshape(-1, 3), axis=-1) > 1e-3
    position[:, lost] = np.nan
    position[1] = (position[1] - 3) % nav_lat.shape[1]
    return position.reshape(2, *LAT.shape)


HOW = {"interp": "linear", "boundary_condition": "wrap", "trust_padding": True}
"""Rows wrap as well, which does no harm: no position lies past them."""


@pytest.fixture(scope="module")
def ocean():
    path = package_file("iris_sample_data", "sample_data", "orca2_votemper.nc")
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as dataset:
        return dataset.load()


@pytest.fixture(scope="module")
def grid(ocean):
    return grid_of(ocean.nav_lat.values.astype(float), ocean.nav_lon.values.astype(float))


COORDS = {"lat": ("dim0", LAT[:, 0]), "lon": ("dim1", LON[0])}


def test_the_grid_leads_to_the_places_that_it_names(ocean, grid):
    for name, wanted in (("nav_lat", LAT), ("nav_lon", LON)):
        places = xr.DataArray(ocean[name].values.astype(float), dims=("dim0", "dim1"))
        found, valid = places.gridr.resample(grid, return_mask=True, **HOW)
        near_the_seam = np.abs(wanted) > 140 if name == "nav_lon" else np.zeros_like(wanted, bool)
        kept = valid.values & ~near_the_seam
        assert kept.mean() > 0.8
        assert np.median(np.abs(found.values - wanted)[kept]) < 0.01


def test_the_ocean_is_resampled_and_says_what_it_is(ocean, grid):
    source = ocean.votemper
    result = source.gridr.resample(grid, coords=COORDS, **HOW)
    assert (result.name, result.attrs) == ("votemper", source.attrs)
    assert result.attrs["units"] == "degC"
    assert set(result.coords) == {"deptht", "time_counter", "lat", "lon"}
    assert result.deptht.identical(source.deptht.drop_vars(["nav_lat", "nav_lon"], errors="ignore"))
    assert result.dtype == np.float32
    tropics, north = (float(np.nanmean(result.values[np.abs(LAT - lat) < 5])) for lat in (0, 55))
    assert 22 < tropics < 30
    assert 0 < north < 12
    land = result.values[(np.abs(LAT - 24) < 3) & (np.abs(LON - 12) < 8)]
    assert np.isnan(land).all()
    indian_ocean = result.values[(np.abs(LAT + 20) < 8) & (np.abs(LON - 80) < 10)]
    assert np.isfinite(indian_ocean).all(), "the seam of the model is there"


def test_the_whole_dataset_lazily_gives_the_same_bytes(ocean, grid):
    lazy = ocean.chunk(dim0=40, dim1=50).gridr.resample(
        grid, interp="cubic", dims=("dim0", "dim1"), chunks=33
    )
    eager = ocean.gridr.resample(grid, interp="cubic", dims=("dim0", "dim1"))
    assert lazy.compute().identical(eager)
    assert eager.attrs == ocean.attrs
    assert eager.deptht_bnds.identical(ocean.deptht_bnds.drop_vars(["nav_lat", "nav_lon"], errors="ignore"))
    assert eager.nav_lat_bnds.dims == ("dim0", "dim1", "bnds_4")
