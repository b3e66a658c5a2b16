"""`.gridr.resample`: dims, coordinates, attributes and types of what it returns."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

ROWS, COLS = np.mgrid[0:3, 0:5] + 0.5
SIZES = {"y": 6, "x": 7, "band": 2, "time": 3}
CRS = xr.DataArray(0, attrs={"crs_wkt": "PROJCS[...]", "GeoTransform": "0 1 0 0 0 -1"})


def image(*dims, dtype="f4", chunks=None, **kwargs):
    shape = [SIZES[dim] for dim in dims]
    values = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    return xr.DataArray(da.from_array(values, chunks) if chunks else values, dims=dims, **kwargs)


both = pytest.mark.parametrize("chunks", [None, 2], ids=["numpy", "dask"])
every_order = pytest.mark.parametrize(
    "dims",
    [
        ("y", "x", "band"),
        ("band", "y", "x"),
        ("time", "band", "y", "x"),
        ("x", "y"),
        ("y", "band", "x"),
        ("x", "time", "y"),
    ],
    ids="-".join,
)


@both
@every_order
def test_dims_keep_their_order(dims, chunks):
    source = image(*dims, chunks=chunks)
    result, valid = source.gridr.resample((ROWS, COLS), interp="linear", return_mask=True)
    assert result.dims == dims
    assert result.sizes == dict(source.sizes) | {"y": 3, "x": 5}
    assert valid.sizes == {"y": 3, "x": 5}
    assert valid.dtype == bool
    assert valid.all()


@every_order
def test_other_dims_share_one_geometry(dims):
    source = image(*dims)
    result = source.gridr.resample((ROWS, COLS), interp="linear")
    planes = source.transpose(..., "y", "x").values.reshape(-1, 6, 7)
    got = result.transpose(..., "y", "x").values.reshape(-1, 3, 5)
    for plane, one in zip(planes, got, strict=True):
        alone = xr.DataArray(plane, dims=("y", "x")).gridr.resample((ROWS, COLS), interp="linear")
        np.testing.assert_array_equal(one, alone)


@both
@every_order
@pytest.mark.parametrize("dtype", ["f4", "u1"])
def test_validity_lies_where_the_result_does(dims, chunks, dtype):
    source = image(*dims, chunks=chunks)
    fill = -1 if dtype == "f4" else 255
    result, valid = source.gridr.resample(
        (ROWS + 3, COLS - 2),
        interp="linear",
        dtype=dtype,
        nodata_out=fill,
        return_mask=True,
        chunks=(1, 2) if chunks else None,
    )
    assert set(valid.dims) == ({"y", "x"} if dtype == "f4" else set(dims))
    expected = xr.DataArray(np.zeros((3, 5), bool), dims=("y", "x"))
    expected[:2, 2:] = True
    np.testing.assert_array_equal(*xr.broadcast(valid, expected))
    assert ((result != fill) == expected).all()


@both
def test_integers_that_can_lose_a_band_have_validity_per_band(chunks):
    source = image("y", "band", "x", chunks=chunks)
    result, valid = source.gridr.resample((ROWS, COLS), interp="linear", dtype="u1", return_mask=True)
    assert valid.dims == result.dims == ("y", "band", "x")
    assert valid.shape == result.shape


@pytest.mark.parametrize("lazy", ["source", "grid", "chunks", None], ids=str)
def test_a_result_is_lazy_if_something_asks_for_it(lazy):
    grid = (da.from_array(ROWS), COLS) if lazy == "grid" else (ROWS, COLS)
    source = image("y", "x", chunks=2 if lazy == "source" else None)
    result, valid = source.gridr.resample(grid, return_mask=True, chunks=2 if lazy == "chunks" else None)
    assert isinstance(result.data, da.Array if lazy else np.ndarray)
    assert isinstance(valid.data, da.Array if lazy else np.ndarray)


@both
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", "c8", "?"])
@pytest.mark.parametrize("outside", [0, 100], ids=["inside", "outside"])
def test_the_type_is_the_source_s_wherever_the_grid_lies(dtype, chunks, outside):
    result = image("y", "x", dtype=dtype, chunks=chunks).gridr.resample((ROWS + outside, COLS))
    assert result.dtype == dtype
    assert result.compute().dtype == dtype


@both
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", np.int16, np.dtype(">f8")], ids=str)
def test_another_type_can_be_asked_for(dtype, chunks):
    result = image("y", "x", chunks=chunks).gridr.resample((ROWS, COLS), dtype=dtype)
    assert result.dtype == result.compute().dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize(
    ("chunks", "want"),
    [
        (2, ((2, 1), (2, 2, 1))),
        ((1, 4), ((1, 1, 1), (4, 1))),
        (((2, 1), (5,)), ((2, 1), (5,))),
        ({"x": 3}, ((3,), (3, 2))),
        ("auto", ((3,), (5,))),
        (-1, ((3,), (5,))),
        ({}, ((3,), (5,))),
    ],
    ids=repr,
)
def test_chunks_take_the_forms_of_dask(chunks, want):
    assert image("y", "x").gridr.resample((ROWS, COLS), chunks=chunks).chunks == want


def test_chunks_of_a_transposed_image_are_still_rows_and_columns():
    result = image("x", "band", "y").gridr.resample((ROWS, COLS), chunks=(1, 5))
    assert result.chunks == ((5,), (2,), (1, 1, 1))


def test_other_dims_keep_their_chunks():
    source = image("time", "y", "x", chunks=(1, 6, 7))
    assert source.gridr.resample((ROWS, COLS)).chunks[0] == (1, 1, 1)


@pytest.mark.parametrize(("alias", "name"), [("bilinear", "linear"), ("bicubic", "cubic")])
def test_kernels_have_their_usual_names(alias, name):
    source = image("y", "x")
    one, other = (source.gridr.resample((ROWS, COLS), interp=word) for word in (alias, name))
    xr.testing.assert_identical(one, other)


@both
def test_a_window_is_a_part_of_the_whole(chunks):
    source = image("band", "y", "x", chunks=chunks)
    whole = source.gridr.resample((ROWS, COLS), grid_resolution=(3, 2))
    part = source.gridr.resample((ROWS, COLS), grid_resolution=(3, 2), window=(slice(2, 6), slice(1, None)))
    assert whole.shape == (2, 7, 9)
    xr.testing.assert_identical(part, whole.isel(y=slice(2, 6), x=slice(1, None)))


@both
@pytest.mark.parametrize("interp", ["nearest", "linear", "cubic"])
def test_a_cut_out_source_with_its_origin_gives_the_whole(chunks, interp):
    source = image("y", "x", chunks=chunks)
    rows, cols = np.mgrid[3:4:0.3, 3:5:0.3]
    cut = source.isel(y=slice(1, 6), x=slice(2, 7))
    one = source.gridr.resample((rows, cols), interp=interp)
    other = cut.gridr.resample((rows, cols), interp=interp, source_origin=(1, 2))
    assert not np.isnan(one.values).any()
    xr.testing.assert_identical(one, other)


@pytest.mark.parametrize(
    "grid",
    [np.stack([ROWS, COLS]), xr.Dataset({"row": (("a", "b"), ROWS), "col": (("a", "b"), COLS)})],
    ids=["stacked", "Dataset"],
)
def test_a_grid_in_another_form_gives_the_same(grid):
    source = image("y", "x")
    xr.testing.assert_identical(source.gridr.resample(grid), source.gridr.resample((ROWS, COLS)))


def test_an_image_without_bands_has_the_validity_of_its_geometry():
    rows, cols = ROWS + 3, COLS
    expected = image("y", "x").gridr.resample((rows, cols), return_mask=True, interp="linear")[1]
    assert not expected.all()
    empty = image("band", "y", "x").isel(band=[])
    for source in (empty, empty.chunk()):
        result, valid = source.gridr.resample((rows, cols), return_mask=True, interp="linear")
        assert result.shape == (0, 3, 5)
        np.testing.assert_array_equal(valid, expected)
