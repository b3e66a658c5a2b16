"""What users of other packages complained about, a test for each.

The numbers in the comments are those of the issues where the complaints stand.
"""

import numpy as np
import odc.geo.xr
import pandas as pd
import pytest
import rioxarray  # noqa: F401 - registers .rio
import xarray as xr

from gridr_dask import InvalidInputError
from tests.geo import UTM, texture
from tests.rasters import BOX, GRID, blocks, image

FAR = GRID[0] + 1000, GRID[1]
INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "i8")
TYPES = (*INTEGERS, "f4", "f8", "c8", "?")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_stay_integers_when_a_block_is_empty(dtype):
    """xarray-spatial#3096."""
    half = GRID[0] - 30, GRID[1]
    result = image(dtype, chunks=20).gridr.resample(half, chunks=10)
    assert (result.values[:19] == 0).all()
    assert {block.dtype for block in blocks(result)} == {result.dtype} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("asked", [None, "f4", "f8", "u1"], ids=str)
@pytest.mark.parametrize("grid", [GRID, FAR], ids=["near", "far"])
def test_dask_and_numpy_agree_on_the_type(dtype, asked, grid):
    """xarray-spatial#1447; odc-geo fills empty blocks with the source's type."""
    if dtype == "c8":
        asked = None if asked is None else "c16"
    eager = image(dtype).gridr.resample(grid, dtype=asked)
    lazy = image(dtype, chunks=25).gridr.resample(grid, dtype=asked, chunks=17)
    want = np.dtype(asked or dtype)
    assert eager.dtype == lazy.dtype == lazy.data._meta.dtype == want
    assert {block.dtype for block in blocks(lazy)} == {want}


@pytest.mark.parametrize("dtype", INTEGERS)
def test_nodata_of_nan_does_not_become_a_number_in_integers(dtype):
    """xarray-spatial#2185."""
    with pytest.raises(InvalidInputError, match=r"nodata_out=nan.*can't be held.*choose another"):
        image(dtype).gridr.resample(GRID, nodata_out=np.nan)
    declared = image(dtype).assign_attrs(_FillValue=np.nan)
    with pytest.raises(InvalidInputError, match=r"_FillValue=nan.*pass nodata_out"):
        declared.gridr.resample(GRID)
    result, valid = image(dtype).gridr.resample(FAR, nodata_out=7, return_mask=True)
    assert (result == 7).all()
    assert result.rio.nodata == 7
    assert not valid.any()


@pytest.mark.parametrize("interp", ["linear", "cubic", "bspline3"])
@pytest.mark.parametrize("dtype", ["i2", "i4", "i8"])
def test_nothing_around_an_integer_image_is_seen_as_data(interp, dtype):
    """xarray-spatial#3020: a halo of INT_MIN was averaged with pixels."""
    full = image(dtype).copy(data=np.full((60, 75), 100, dtype))
    rows, cols = np.mgrid[-3:63:0.7, -3:78:0.7]
    for source, chunks in ((full, None), (full.chunk(13), 16)):
        result = source.gridr.resample((rows, cols), interp=interp, chunks=chunks, nodata_out=-7)
        assert set(np.unique(result)) == {-7, 100}


def test_a_lazy_output_may_be_larger_than_memory():
    """xarray-spatial#3046: a guard against large outputs refused lazy ones."""
    result = image(chunks=30).gridr.resample(
        (5e-5, 0, 0, 0, 5e-5, 0), shape=(1_000_000, 1_000_000), chunks=4096
    )
    assert result.nbytes == 4e12
    corner = result[-3:, -3:].compute()
    np.testing.assert_array_equal(corner.shape, (3, 3))
    assert np.isfinite(corner).all()


def test_the_caller_s_chunks_are_heeded():
    """xarray-spatial#3234; odc-geo#220: 2550 blocks, since the target got the source's chunks."""
    source = image(leading=(4, 3), chunks={"a": 1, "b": 3, "y": 7, "x": 9})
    result = source.gridr.resample(GRID, chunks={"y": 20, "x": (30, 20)})
    assert result.chunks == ((1,) * 4, (3,), (20, 20), (30, 20))
    assert source.gridr.resample(GRID).chunks[2:] == ((40,), (50,))


@pytest.mark.parametrize("chunks", [None, 20], ids=["numpy", "dask"])
@pytest.mark.parametrize("verb", ["resample", "reproject"])
def test_attributes_are_kept(verb, chunks):
    """xarray-spatial#1445; xesmf drops them unless asked not to."""
    source = texture(UTM).rename("height").assign_attrs(units="m", long_name="height above the sea")
    source = source if chunks is None else source.chunk(chunks)
    for obj in (source, source.to_dataset().assign_attrs(title="a scene")):
        result = getattr(obj.gridr, verb)({"resample": GRID, "reproject": UTM}[verb])
        assert result.attrs == obj.attrs
    assert result.height.attrs == source.attrs


@pytest.mark.parametrize("verb", ["resample", "reproject"])
def test_coordinates_that_are_not_spatial_are_kept(verb):
    """xarray-spatial#1454, odc-geo#92."""
    times = pd.date_range("2024-05-01", periods=2)
    source = texture(UTM, leading=(2,))
    source = source.rename({source.dims[0]: "time"}).assign_coords(
        time=times, orbit=("time", [7, 9]), platform="S2A", level=((), 3.5, {"units": "hPa"})
    )
    result = getattr(source.gridr, verb)({"resample": GRID, "reproject": UTM}[verb])
    for name in ("time", "orbit", "platform", "level"):
        xr.testing.assert_identical(result[name].variable, source[name].variable)
    assert result.indexes["time"].equals(source.indexes["time"])


@pytest.mark.parametrize("chunks", [None, 50], ids=["numpy", "dask"])
def test_the_crs_is_not_lost(chunks):
    """rioxarray#427."""
    source = texture(UTM) if chunks is None else texture(UTM).chunk(chunks)
    for obj in (source, source.to_dataset(name="height")):
        result = obj.gridr.reproject("EPSG:3857")
        for kept in (result, result + 1, result.isel(y=slice(5, 50)), result.astype("f8"), result.compute()):
            assert kept.rio.crs.to_epsg() == 3857
            assert kept.odc.crs == "EPSG:3857"


def test_a_crs_that_became_untrue_is_dropped():
    source = texture(UTM).assign_attrs(crs="+init=epsg:32632", transform=(50, 0, 0, 0, -50, 0), res=(50, 50))
    result = source.gridr.resample(GRID)
    assert result.rio.crs is None
    assert result.odc.crs is None
    assert result.attrs == {}


@pytest.mark.parametrize("mapping", ["utm", "utm: x y", "utm: x y wgs84: lat lon"])
def test_a_variable_that_holds_the_crs_is_dropped_with_it(mapping):
    """A file that is opened without `decode_coords="all"` has its CRS among the data."""
    dataset = image().assign_attrs(grid_mapping=mapping, units="m").to_dataset()
    dataset = dataset.assign(utm=((), 0, {"semi_major_axis": 6_378_137.0}), answer=42)
    result = dataset.gridr.resample(GRID)
    assert set(result.data_vars) == {"height", "answer"}
    assert result.height.attrs == {"units": "m"}


@pytest.mark.parametrize("name", ["spatial_ref", "utm"])
@pytest.mark.parametrize("chunks", [None, 20], ids=["numpy", "dask"])
def test_a_crs_that_is_given_can_be_read(name, chunks, tmp_path):
    coords = odc.geo.xr.xr_coords(BOX, name)
    for obj in (image(chunks=chunks), image(chunks=chunks).to_dataset()):
        result, valid = obj.gridr.resample(GRID, coords=coords, return_mask=True)
        for half in (result, valid):
            height = half.height if isinstance(half, xr.Dataset) else half
            assert height.rio.crs.to_epsg() == 32632
            assert height.odc.geobox == BOX
            assert height.encoding["grid_mapping"] == name
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf", decode_coords="all") as back:
        assert back.height.odc.geobox == BOX
        assert back.height.rio.crs.to_epsg() == 32632


@pytest.mark.parametrize("obj", [image(), image(chunks=20).to_dataset()], ids=["numpy", "dask"])
def test_a_geobox_says_where_the_target_lies(obj):
    result, valid = obj.gridr.resample(GRID, coords=BOX, return_mask=True)
    assert result.odc.geobox == valid.odc.geobox == BOX
    assert result.rio.transform() == BOX.transform
    there = obj.gridr.resample(GRID, coords=BOX.to_crs("EPSG:4326", shape=BOX.shape))
    assert set(there.dims) == {"latitude", "longitude"}
    part = obj.gridr.resample(GRID, coords=BOX, window=(slice(5, 20), slice(10, 50)))
    assert part.odc.geobox == BOX[5:20, 10:50]


def test_coordinates_that_say_nothing_are_refused():
    with pytest.raises(InvalidInputError, match=r"coords is a GeoBox of \(46, 56\) pixels.* \(40, 50\)"):
        image().gridr.resample(GRID, coords=BOX.pad(3))
    with pytest.raises(InvalidInputError, match=r"coords must be a mapping.*or a GeoBox; got 4326"):
        image().gridr.resample(GRID, coords=4326)


@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic", "bspline3"])
def test_a_source_cut_out_by_isel_gives_the_same_pixels(interp):
    rows, cols = GRID[0] * 0.1 + 25, GRID[1] * 0.1 + 30
    whole = image("f8").gridr.resample((rows, cols), interp=interp)
    part = image("f8").isel(y=slice(5, None), x=slice(8, None))
    cut = part.gridr.resample((rows, cols), interp=interp, source_origin=(5, 8))
    assert np.isfinite(cut).all()
    np.testing.assert_allclose(cut, whole, rtol=1e-4)
    if interp != "bspline3":
        xr.testing.assert_identical(cut, whole)


@pytest.mark.parametrize("verb", ["resample", "reproject"])
def test_categories_are_not_averaged(verb):
    """Nearest by default for what a mean means nothing for."""
    target = {"resample": GRID, "reproject": UTM.pad(2)}[verb]
    classes = texture(UTM, "u1").assign_attrs(flag_values=[0, 1, 2], flag_meanings="sea land ice")
    dataset = xr.Dataset({"classes": classes, "cloud": texture(UTM) > 100, "height": texture(UTM)})
    result = getattr(dataset.gridr, verb)(target)
    for name in ("classes", "cloud"):
        nearest = getattr(dataset[name].gridr, verb)(target, interp="nearest")
        xr.testing.assert_equal(result[name], nearest)
    how = {"resample": "cubic", "reproject": "nearest"}[verb]
    xr.testing.assert_equal(result.height, getattr(dataset.height.gridr, verb)(target, interp=how))


def test_ambiguous_dims_say_what_to_do():
    both = xr.Dataset({"a": image(), "b": image().rename(y="lat", x="lon")})
    with pytest.raises(InvalidInputError, match=r"\('y', 'x'\), \('lat', 'lon'\).*pass dims="):
        both.gridr.resample(GRID)
    result = both.gridr.resample(GRID, dims=("lat", "lon"))
    assert result.b.shape == (40, 50)
    assert result.a.identical(both.a)
    with pytest.warns(UserWarning, match="Duplicate dimension"):
        twice = xr.DataArray(np.zeros((3, 3)), dims=("y", "y"))
    with pytest.raises(InvalidInputError, match=r"dims \['y'\] found twice.*give each axis its own name"):
        twice.gridr.resample(GRID)


def test_attributes_tell_which_dims_are_spatial():
    rotated = image(leading=(2,)).rename(a="height_level", y="rlat", x="rlon")
    with pytest.raises(InvalidInputError, match="no spatial pair"):
        rotated.gridr.resample(GRID)
    told = rotated.assign_coords(
        rlat=("rlat", np.arange(60), {"standard_name": "grid_latitude"}),
        rlon=("rlon", np.arange(75), {"axis": "X"}),
    )
    assert told.transpose("rlon", ...).gridr.resample(GRID).sizes == {
        "rlon": 50,
        "height_level": 2,
        "rlat": 40,
    }


def test_stations_with_coordinates_are_no_image():
    """Latitudes and longitudes along one dim name no pair."""
    dims = {"lat": ("station", [1, 2], {"axis": "Y"}), "lon": ("station", [3, 4], {"axis": "X"})}
    dataset = image().to_dataset().assign_coords(dims)
    assert dataset.gridr.resample(GRID).height.shape == (40, 50)


def test_a_node_of_a_tree():
    tree = xr.DataTree.from_dict(
        {
            "/": xr.Dataset(coords={"platform": "S2A"}),
            "/r10m": image().to_dataset(),
            "/r20m": image()[::2].to_dataset(),
        }
    )
    node = tree["r10m"]
    want = image().to_dataset().gridr.resample(GRID)
    for dataset in (node.dataset, node.to_dataset()):
        result = dataset.gridr.resample(GRID)
        assert type(result) is xr.Dataset
        xr.testing.assert_equal(result.height.drop_vars("platform", errors="ignore"), want.height)
    xr.testing.assert_equal(
        node["height"].gridr.resample(GRID).drop_vars("platform", errors="ignore"), want.height
    )

    def resampled(dataset):
        return dataset.gridr.resample(GRID) if dataset else dataset

    mapped = tree.map_over_datasets(resampled)
    xr.testing.assert_equal(mapped["r10m/height"].drop_vars("platform", errors="ignore"), want.height)
