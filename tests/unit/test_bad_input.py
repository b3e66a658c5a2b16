"""Bad arguments of the accessor: a named error that shows the argument, or a documented result."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask
from gridr_dask import InvalidInputError, UnsupportedDtypeError
from tests.drawn import arranged
from tests.scenes import LOCAL, anywhere, to_bytes

ROWS, COLS = np.mgrid[0:4, 0:5] + 0.5
GRID = ROWS, COLS


def image(shape=(6, 7), dims=("y", "x"), dtype="f8", lazy=False):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return xr.DataArray(da.from_array(values, 3) if lazy else values, dims=dims, name="height")


SOME = (*LOCAL, "bspline5")

both = pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])

# What is passed, the exception, and what the message must show.
REFUSED = {
    "unknown kernel": ({"interp": "sinc"}, InvalidInputError, r"'sinc'.*nearest, linear, cubic"),
    "kernel in capitals": ({"interp": "Linear"}, InvalidInputError, r"'Linear'.*nearest, linear"),
    "kernel of another type": ({"interp": 3}, gridr_dask.GridrError, r"interp.*3"),
    "kernel None": ({"interp": None}, gridr_dask.GridrError, r"interp.*None"),
    "resolution 0": ({"grid_resolution": (0, 1)}, InvalidInputError, r"grid_resolution.*rows is 0"),
    "resolution below 0": ({"grid_resolution": (1, -3)}, InvalidInputError, r"grid_resolution.*-3"),
    "resolution too large": (
        {"grid_resolution": (2**25, 1)},
        InvalidInputError,
        r"grid_resolution.*33554432",
    ),
    "resolution of one": ({"grid_resolution": (2,)}, InvalidInputError, r"grid_resolution.*\(2,\)"),
    "resolution of three": (
        {"grid_resolution": (1, 1, 1)},
        InvalidInputError,
        r"grid_resolution.*\(1, 1, 1\)",
    ),
    "resolution a number": ({"grid_resolution": 2}, InvalidInputError, r"grid_resolution.*2"),
    "resolution a fraction": ({"grid_resolution": (1.5, 1)}, InvalidInputError, r"grid_resolution.*1\.5"),
    "window outside": (
        {"window": (slice(0, 9), slice(None))},
        InvalidInputError,
        r"window rows.*9.*\[0, 4\)",
    ),
    "window negative": ({"window": (slice(None), slice(-2, 3))}, InvalidInputError, r"window cols.*-2"),
    "window empty": ({"window": (slice(2, 2), slice(None))}, InvalidInputError, r"window rows"),
    "window with a step": ({"window": (slice(0, 4, 2), slice(None))}, InvalidInputError, r"window rows.*2"),
    "window of fractions": ({"window": (slice(0.5, 2), slice(None))}, InvalidInputError, r"window.*0\.5"),
    "window a slice": ({"window": slice(0, 2)}, InvalidInputError, r"window.*slice"),
    "window of numbers": ({"window": ((0, 2), (0, 2))}, InvalidInputError, r"window.*\(0, 2\)"),
    "chunks 0": ({"chunks": 0}, InvalidInputError, r"chunks.*0"),
    "chunks 0 along a dim": ({"chunks": {"y": 0}}, InvalidInputError, r"chunks.*0"),
    "chunks of other dims": ({"chunks": {"z": 2}}, InvalidInputError, r"chunks.*'z'.*'y', 'x'"),
    "chunks that do not add up": ({"chunks": ((2, 1), (5,))}, ValueError, r"[Cc]hunks.*\(2, 1\)"),
    "chunks a fraction": ({"chunks": 1.5}, InvalidInputError, r"chunks.*1\.5"),
    "chunks a text": ({"chunks": "big"}, InvalidInputError, r"chunks.*'big'"),
    "chunks of three": ({"chunks": (1, 2, 3)}, InvalidInputError, r"chunks.*\(1, 2, 3\)"),
    "nodata out of range": ({"dtype": "u1", "nodata_out": 300}, InvalidInputError, r"nodata_out=300.*uint8"),
    "nodata NaN": ({"dtype": "i2", "nodata_out": np.nan}, InvalidInputError, r"nodata_out=nan.*int16"),
    "nodata too large": (
        {"dtype": "f4", "nodata_out": 1e300},
        InvalidInputError,
        r"nodata_out=1e\+300.*float32",
    ),
    "nodata complex": ({"nodata_out": 1j}, InvalidInputError, r"nodata_out=1j.*float64"),
    "nodata a text": ({"nodata_out": "none"}, InvalidInputError, r"nodata_out='none'"),
    "nodata None": ({"nodata_out": None}, InvalidInputError, r"nodata_out=None"),
    "nodata a list": ({"nodata_out": [0, 1]}, InvalidInputError, r"nodata_out=\[0, 1\].*one number"),
    "type without arithmetic": ({"dtype": "M8[ns]"}, UnsupportedDtypeError, r"float64 to datetime64\[ns\]"),
    "type complex": ({"dtype": "c16"}, UnsupportedDtypeError, r"float64 to complex128"),
    "type object": ({"dtype": object}, UnsupportedDtypeError, r"float64 to object"),
    "type unknown": ({"dtype": "float33"}, TypeError, r"float33"),
    "origin a fraction": ({"source_origin": (0.5, 0)}, InvalidInputError, r"source_origin.*0\.5"),
    "origin a number": ({"source_origin": 4}, InvalidInputError, r"source_origin.*4"),
    "origin too far": ({"source_origin": (0, -(2**40))}, InvalidInputError, r"source_origin.*-1099511627776"),
    "dims that are not there": (
        {"dims": ("lat", "lon")},
        InvalidInputError,
        r"dims \['lat', 'lon'\].*'y', 'x'",
    ),
    "one dim": ({"dims": ("y",)}, InvalidInputError, r"dims.*\('y',\)"),
    "a dim twice": ({"dims": ("y", "y")}, InvalidInputError, r"dims.*\('y', 'y'\)"),
    "coords of another size": ({"coords": {"y": [1, 2]}}, ValueError, r"y"),
}


@both
@pytest.mark.parametrize(("arguments", "exception", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_argument_is_refused_by_name_and_value(arguments, exception, message, lazy):
    with pytest.raises(exception, match=f"(?s){message}"):
        image(lazy=lazy).gridr.resample(GRID, **arguments)


BAD_GRIDS = {
    "one row at resolution 2": ((ROWS[:1], COLS[:1]), (2, 1), r"rows.*single node.*resolution 2"),
    "one column at resolution 3": ((ROWS[:, :1], COLS[:, :1]), (1, 3), r"columns.*resolution 3"),
    "no rows": ((ROWS[:0], COLS[:0]), (1, 1), r"no node along rows"),
    "no columns": ((ROWS[:, :0], COLS[:, :0]), (1, 1), r"no node along columns"),
    "two shapes": ((ROWS, COLS[1:]), (1, 1), r"grid.*\(4, 5\) and \(3, 5\)"),
    "two sizes of the same area": ((ROWS, COLS.reshape(5, 4)), (1, 1), r"grid.*\(4, 5\) and \(5, 4\)"),
    "a text": ("rows", (1, 1), r"grid"),
    "nothing": (None, (1, 1), r"grid"),
}


@both
@pytest.mark.parametrize(("grid", "resolution", "message"), BAD_GRIDS.values(), ids=BAD_GRIDS.keys())
def test_a_bad_grid_is_refused(grid, resolution, message, lazy):
    if lazy and isinstance(grid, tuple):
        grid = tuple(map(da.from_array, grid))
    with pytest.raises(InvalidInputError, match=message):
        image(lazy=lazy).gridr.resample(grid, grid_resolution=resolution)


BAD_SOURCES = {
    "one dim": (image((6,), ("x",)), InvalidInputError, "no spatial pair"),
    "no dims": (image((), ()), InvalidInputError, "no spatial pair"),
    "three unknown dims": (image((2, 3, 4), ("a", "b", "c")), InvalidInputError, r"\['a', 'b', 'c'\]"),
    "objects": (image(dtype=object), UnsupportedDtypeError, "object.*astype"),
    "half floats": (image(dtype="f2"), UnsupportedDtypeError, "float16.*astype"),
    "long doubles": (image(dtype="g"), UnsupportedDtypeError, "astype"),
    "dates": (image(dtype="M8[s]"), UnsupportedDtypeError, r"datetime64\[s\].*astype"),
    "texts": (image(dtype="U3"), UnsupportedDtypeError, "<U3.*astype"),
}


@pytest.mark.parametrize(("source", "exception", "message"), BAD_SOURCES.values(), ids=BAD_SOURCES.keys())
def test_a_bad_source_is_refused(source, exception, message):
    with pytest.raises(exception, match=message):
        source.gridr.resample(GRID)


def test_unknown_chunk_sizes_are_refused_with_a_way_out():
    values = da.from_array(np.arange(42.0).reshape(6, 7), chunks=3)
    unknown = values[values[:, 0] > 3]
    source = xr.DataArray(unknown, dims=("y", "x"))
    with pytest.raises(ValueError, match=r"(?i)unknown.*chunk|chunk.*unknown"):
        source.gridr.resample(GRID)
    with pytest.raises(ValueError, match=r"(?i)unknown.*chunk|chunk.*unknown"):
        image().gridr.resample((unknown, unknown))


def test_every_error_of_the_package_can_be_caught_as_one():
    with pytest.raises(gridr_dask.GridrError) as caught:
        image().gridr.resample(GRID, interp="sinc")
    assert caught.value.code == "unknown-kernel"


ODD = [np.nan, np.inf, -np.inf, 1e300, -1e300, np.finfo(float).max, np.finfo(float).min, 2.0**31, 2.0**63]


@both
@pytest.mark.parametrize("interp", SOME)
@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("resolution", [(1, 1), (2, 3)], ids=["1x1", "2x3"])
@pytest.mark.parametrize("coordinate", [0, 1], ids=["row", "col"])
def test_a_node_beyond_all_bounds_is_invalid(isa, lazy, interp, odd, resolution, coordinate):
    rows, cols = np.mgrid[1:4.0, 1:4.0]
    (rows, cols)[coordinate][1, 1] = odd
    result, valid = image(lazy=lazy).gridr.resample(
        (rows, cols), grid_resolution=resolution, return_mask=True, nodata_out=-5, **anywhere(interp)
    )
    at = resolution
    assert not valid[at]
    assert result[at] == -5
    corners = valid.values[:: 2 * resolution[0], :: 2 * resolution[1]]
    assert corners.all()


@both
@pytest.mark.parametrize("interp", SOME)
@pytest.mark.parametrize("odd", [*ODD, -100.0], ids=repr)
def test_a_grid_without_a_usable_node_gives_nodata(lazy, interp, odd):
    grid = np.full((4, 5), odd), np.full((4, 5), odd)
    result, valid = image(lazy=lazy).gridr.resample(grid, return_mask=True, **anywhere(interp))
    assert np.isnan(result).all()
    assert not valid.any()


@both
@pytest.mark.parametrize("interp", SOME)
@pytest.mark.parametrize("shape", [(0, 7), (6, 0), (0, 0)], ids=str)
def test_an_empty_image_gives_nodata(lazy, interp, shape):
    source = image(shape, lazy=lazy and shape != (0, 0))
    grid = np.mgrid[-2:3.0, -2:3.0]
    result, valid = source.gridr.resample(
        grid, return_mask=True, chunks=2 if lazy else None, **anywhere(interp)
    )
    assert result.shape == (5, 5)
    assert np.isnan(result).all()
    assert not valid.any()


@both
@pytest.mark.parametrize(("interp", "valid_rows"), [("nearest", [1, 2]), ("linear", [2]), ("cubic", [2])])
@pytest.mark.parametrize("axis", [0, 1], ids=["row", "column"])
def test_an_image_of_one_row_answers_on_the_row(lazy, interp, valid_rows, axis):
    across = np.array([[-1.0], [-0.5], [0.0], [0.5], [1.0]]) + np.zeros((5, 2))
    along = np.full((5, 2), 2.0)
    grid = (across, along) if axis == 0 else (along, across)
    source = image((1, 6) if axis == 0 else (6, 1), lazy=lazy)
    result, valid = source.gridr.resample(grid, interp=interp, return_mask=True)
    assert np.flatnonzero(valid.values[:, 0]).tolist() == valid_rows
    assert (result.values[valid_rows] == 2).all()


@both
@pytest.mark.parametrize("interp", SOME)
@pytest.mark.parametrize("layout", ["read-only", "reversed", "transposed", "stepped", "swapped"])
@pytest.mark.parametrize("what", ["source", "grid"])
def test_arrays_are_read_however_they_lie(isa, lazy, interp, layout, what):
    plain = image(dtype="f4")
    expected = plain.gridr.resample(GRID, **anywhere(interp))
    assert np.isfinite(expected).any()
    source = plain.copy(data=arranged(plain.values, layout)) if what == "source" else plain
    grid = tuple(arranged(nodes, layout) for nodes in GRID) if what == "grid" else GRID
    if lazy:
        source = source.chunk(4)
    assert to_bytes([source.gridr.resample(grid, **anywhere(interp))]) == to_bytes([expected])


@pytest.mark.parametrize("dtype", ["f8", "i2", "c16", "S8", "V6", "M8[s]"])
@pytest.mark.parametrize("shift", range(1, 8))
def test_arrays_that_are_not_aligned_are_read(dtype, shift):
    dtype = np.dtype(dtype)
    room = np.random.default_rng(1).bytes(42 * dtype.itemsize + 8)
    odd = np.frombuffer(room, dtype, 42, shift).reshape(6, 7)
    result = xr.DataArray(odd, dims=("y", "x")).gridr.resample(GRID, interp="nearest")
    want = xr.DataArray(odd.copy(), dims=("y", "x")).gridr.resample(GRID, interp="nearest")
    assert to_bytes([result]) == to_bytes([want])


@pytest.mark.parametrize("interp", LOCAL)
def test_a_field_of_records_is_read(interp):
    records = np.zeros((6, 7), [("flag", "u1"), ("height", "f4")])
    records["height"] = image().values
    assert records["height"].strides[1] % 4
    got = xr.DataArray(records["height"], dims=("y", "x")).gridr.resample(GRID, interp=interp)
    want = image(dtype="f4").gridr.resample(GRID, interp=interp)
    assert to_bytes([got]) == to_bytes([want])


@both
@pytest.mark.parametrize("interp", LOCAL)
def test_a_source_of_40000_rows_is_read_to_its_end(lazy, interp):
    source = image((40_000, 3), lazy=False, dtype="f8")
    source = source.chunk(y=7000) if lazy else source
    rows = np.array([[39_997.0, 39_998.0, 39_999.0, 40_000.0]])
    result = source.gridr.resample((rows, np.ones_like(rows)), interp=interp)
    np.testing.assert_array_equal(result, [[119_992, 119_995, 119_998, np.nan]])
