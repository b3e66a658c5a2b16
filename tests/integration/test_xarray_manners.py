"""What users of other packages complained about, a test for each; and metadata that chunks do not change.

The numbers in the comments are those of the issues where the complaints stand.
"""

import string

import dask.array as da
import numpy as np
import odc.geo.xr
import pandas as pd
import pytest
import rioxarray  # noqa: F401 - registers .rio
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from gridr_dask import InvalidInputError
from tests.geo import UTM, texture

GRID = tuple(np.mgrid[0:40, 0:50] * 1.5 + 0.25)
FAR = GRID[0] + 1000, GRID[1]
BOX = GeoBox.from_bbox((500_000, 5_000_000, 500_500, 5_000_400), "EPSG:32632", resolution=10)
"""40 x 50 pixels: where a target lies."""

INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "i8")
TYPES = (*INTEGERS, "f4", "f8", "c8", "?")


def image(dtype="f4", chunks=None, leading=(), **kwargs):
    values = np.random.default_rng(3).integers(0, 100, (*leading, 60, 75)).astype(dtype)
    dims = (*string.ascii_lowercase[: len(leading)], "y", "x")
    made = xr.DataArray(values, dims=dims, name="height", **kwargs)
    return made if chunks is None else made.chunk(chunks)


def blocks(array):
    """The computed blocks of a dask array, each by itself."""
    return [block.compute() for block in array.data.blocks.ravel()]


# The complaints.


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


# Where xarray hands datasets over.


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
        assert result.height.sizes == {"time": 4, "y": 40, "x": 50}
        mapped = dataset[["height", "flags"]].map(lambda array: array.gridr.resample(GRID))
        for name in ("height", "flags"):
            xr.testing.assert_identical(mapped[name].compute(), result[name].compute())
            xr.testing.assert_identical(result[name].compute(), dataset[name].compute().gridr.resample(GRID))
        xr.testing.assert_identical(result.orbit.compute(), dataset.orbit.compute())


def test_a_file_that_is_not_loaded(files):
    with xr.open_dataset(files[0], engine="h5netcdf") as dataset:
        result = dataset.gridr.resample(GRID)
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


# Arrays that are neither numpy nor dask.


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """What pint, sparse and cupy have in common for xarray: an array that speaks numpy's protocols."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("converted behind the user's back")

    def __array_ufunc__(self, *arguments, **options):
        return NotImplemented

    def __array_function__(self, *arguments, **options):
        return NotImplemented

    def __getitem__(self, key):
        return Foreign(self.values[key])


def foreign():
    return Foreign(np.zeros((60, 75)))


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (xr.DataArray(foreign(), dims=("y", "x")), {}, r"the source is a \w+\.Foreign; .*numpy.*as_numpy"),
        (image(), {"grid": (Foreign(GRID[0]), GRID[1])}, r"grid rows is a \w+\.Foreign"),
        (image(), {"grid_mask": Foreign(GRID[0])}, r"grid_mask is a \w+\.Foreign"),
        (image(), {"mask": foreign()}, r"mask is a \w+\.Foreign"),
        (image(), {"grid": np.ma.masked_less(GRID, 3)}, r"grid is a numpy\.MaskedArray.*fill it"),
        (
            image(),
            {"mask": da.ma.masked_equal(da.ones((60, 75)), 1)},
            r"mask is a dask array of numpy\.Masked",
        ),
    ],
    ids=["source", "grid", "grid mask", "mask", "masked grid", "lazy masked mask"],
)
def test_arrays_of_other_packages_are_refused(source, arguments, message):
    with pytest.raises(TypeError, match=message):
        source.gridr.resample(**{"grid": GRID} | arguments)


def test_variables_are_grids_and_masks_too():
    rows, cols = (xr.Variable(("a", "b"), nodes) for nodes in GRID)
    mask = np.random.default_rng(5).random((60, 75)) > 0.1
    want = image().gridr.resample(GRID, mask=mask)
    got = image().gridr.resample((rows, cols), mask=xr.Variable(("y", "x"), mask))
    xr.testing.assert_identical(got, want)
    turned = image().gridr.resample((rows, cols), mask=xr.Variable(("x", "y"), mask.T))
    xr.testing.assert_identical(turned, want)


# Chunks do not change what a result says about itself.

words = st.text(string.ascii_lowercase, min_size=1, max_size=5)
attributes = st.dictionaries(
    st.one_of(
        words, st.sampled_from(["units", "nodata", "grid_mapping", "coordinates", "flag_values", "res"])
    ),
    st.one_of(st.integers(0, 9), words),
    max_size=4,
)
encodings = st.fixed_dictionaries(
    {},
    optional={
        "zlib": st.booleans(),
        "_FillValue": st.integers(0, 100),
        "scale_factor": st.just(0.1),
        "dtype": st.sampled_from([np.dtype("i2"), np.dtype("f4")]),
        "chunksizes": st.just((1, 6, 7)),
        "grid_mapping": st.just("spatial_ref"),
        "source": st.just("somewhere.nc"),
    },
)


@st.composite
def datasets(draw):
    """Datasets of a few variables with dims in any order, and any metadata."""
    sizes = {"y": 11, "x": 9, "time": draw(st.integers(1, 3)), "band": draw(st.integers(1, 2))}
    rng = np.random.default_rng(draw(st.integers(0, 1000)))

    def variable(dims, dtype):
        values = rng.integers(0, 100, [sizes[dim] for dim in dims]).astype(dtype)
        attrs = draw(attributes)
        if "nodata" in attrs:
            attrs["nodata"] = 1
        made = xr.Variable(dims, values, attrs)
        made.encoding = draw(encodings)
        return made

    others = [("y",), ("x",), ("time",), ("band", "time"), ()]
    dims = st.one_of(
        st.lists(st.sampled_from(["time", "band"]), unique=True).flatmap(
            lambda leading: st.permutations([*leading, "y", "x"])
        ),
        st.sampled_from(others),
    )
    dtypes = st.sampled_from(["u1", "i2", "f4", "f8", "?"])
    names = st.lists(words.map(str.upper), unique=True, max_size=4)
    data = {name: variable(tuple(draw(dims)), draw(dtypes)) for name in ["HEIGHT", *draw(names)]}
    data["HEIGHT"] = variable(tuple(draw(st.permutations(["time", "y", "x"]))), draw(dtypes))
    labels = draw(st.lists(st.sampled_from(["y", "x", "time", "band"]), unique=True))
    coords = {dim: variable((dim,), "f8") for dim in labels}
    places = st.sampled_from([*others, ("y", "x")])
    coords |= {f"coord{k}": variable(draw(places), "f8") for k in range(draw(st.integers(0, 2)))}
    if draw(st.booleans()):
        coords["spatial_ref"] = xr.Variable((), 0, {"crs_wkt": "PROJCS[...]"})
    made = xr.Dataset(data, coords, draw(attributes))
    made.encoding = {"source": "somewhere.nc"}
    return made


def described(obj):
    """All that an object says about itself but its samples, types and sizes included."""
    if isinstance(obj, xr.DataArray):
        obj = obj.to_dataset(name="array" if obj.name is None else obj.name)
    variables = {
        name: (
            v.dims,
            v.shape,
            v.dtype,
            sorted(v.attrs.items(), key=str),
            sorted(v.encoding.items(), key=str),
        )
        for name, v in obj.variables.items()
    }
    return variables, list(obj.data_vars), sorted(obj.indexes), obj.attrs, obj.encoding


# What is drawn is small, and to shrink it takes minutes.
@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    dataset=datasets(),
    chunks=st.fixed_dictionaries({dim: st.integers(1, 11) for dim in ("y", "x", "time", "band")}),
    interp=st.sampled_from(["auto", "nearest", "linear", {"HEIGHT": "nearest", np.integer: "linear"}]),
    keep_attrs=st.sampled_from([True, False, None]),
    dtype=st.sampled_from([None, "f4", "u1"]),
    chosen=st.booleans(),
    far=st.booleans(),
)
def test_chunks_change_nothing_that_a_result_says(dataset, chunks, interp, keep_attrs, dtype, chosen, far):
    rows, cols = np.mgrid[0:7, 0:8] * 0.9 + (100 if far else 0.2)
    options = {"interp": interp, "keep_attrs": keep_attrs, "dtype": dtype, "return_mask": True}
    if chosen:
        options["nodata_out"] = 1
    before = dataset.copy(deep=True)
    eager = dataset.gridr.resample((rows, cols), **options)
    chunked = dataset.chunk({dim: size for dim, size in chunks.items() if dim in dataset.dims})
    lazy = chunked.gridr.resample((rows, cols), chunks=(3, 4), **options)
    for one, other in zip(eager, lazy, strict=True):
        assert described(one) == described(other)
        for array in other.data_vars.values():
            if array.chunks is not None:
                assert {block.dtype for block in blocks(array)} == {array.dtype}
        computed = other.compute()
        assert described(computed) == described(one)
        assert computed.identical(one)
    for name in eager[1].data_vars:
        single = dataset[name].gridr.resample((rows, cols), dims=("y", "x"), **options)
        assert single[0].variable.identical(eager[0][name].variable)
        assert single[0].encoding == eager[0][name].encoding
    xr.testing.assert_identical(dataset, before)
    assert described(dataset) == described(before)
