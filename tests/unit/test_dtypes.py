"""Which types can be resampled, what fills the holes, and how the engine sees samples."""

import numpy as np
import pytest

from gridr_dask.compute.dtypes import as_planes, cast_fill, default_fill, result_dtype
from gridr_dask.errors import InvalidInputError, UnsupportedDtypeError
from tests.drawn import image
from tests.scenes import COMPUTED, COPIED, KERNELS, kernel_named

RECORD = np.dtype([("a", "u1"), ("b", "f4")])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", COMPUTED)
def test_the_source_decides_the_type_of_the_result(kernel, dtype):
    assert result_dtype(dtype, None, kernel_named(kernel)) == np.dtype(dtype)


@pytest.mark.parametrize("dtype", [*COPIED, RECORD, "U3", "V7"], ids=str)
def test_nearest_keeps_any_type_of_a_fixed_size(dtype):
    assert result_dtype(dtype, None, kernel_named("nearest")) == np.dtype(dtype)


@pytest.mark.parametrize(
    ("source", "requested", "want"),
    [
        (">f4", None, "=f4"),
        (">M8[s]", None, "=M8[s]"),
        ("u1", ">f8", "=f8"),
        ("c16", "c8", "c8"),
        ("f8", "?", "?"),
    ],
)
def test_the_result_is_of_the_requested_type_in_native_byte_order(source, requested, want):
    kernel = kernel_named("nearest")
    assert result_dtype(source, requested, kernel) == np.dtype(want)
    assert result_dtype(source, requested, kernel).isnative


@pytest.mark.parametrize(
    ("kernel", "source", "requested"),
    [
        ("linear", "M8[ns]", None),
        ("cubic", "f2", None),
        ("linear", "g", None),
        ("linear", "S5", None),
        ("linear", "c8", "f4"),
        ("linear", "f4", "c8"),
        ("nearest", "M8[ns]", "i8"),
        ("nearest", "f2", "f4"),
        ("nearest", "f8", "O"),
        ("nearest", "O", None),
        ("nearest", "S0", None),
        ("nearest", np.dtypes.StringDType(), None),
        ("nearest", np.dtype([("a", "O")]), None),
    ],
    ids=str,
)
def test_other_types_are_refused_with_a_way_out(kernel, source, requested):
    with pytest.raises(UnsupportedDtypeError, match="astype") as caught:
        result_dtype(source, requested, kernel_named(kernel))
    assert str(np.dtype(source)) in str(caught.value)


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "g", "c8", "c16", "M8[ns]", "m8[D]"])
def test_what_can_say_no_value_says_it(dtype):
    fill = default_fill(np.dtype(dtype))
    assert fill.dtype == dtype
    assert fill != fill
    if fill.dtype.kind == "c":
        assert np.isnan([fill.real, fill.imag]).all()


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "S5", "U3", RECORD, "V7"], ids=str)
def test_the_others_say_zero(dtype):
    fill = default_fill(np.dtype(dtype))
    assert fill.dtype == dtype
    assert fill == np.zeros((), dtype)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (0, "u1"),
        (255.0, "u1"),
        (-(2**63), "i8"),
        (2**64 - 1, "u8"),
        (np.uint8(3), "i2"),
        (True, "?"),
        (0.1, "f4"),
        (-9999, "f8"),
        (np.inf, "f4"),
        (2 + 1j, "c8"),
        (7, "c16"),
        (np.datetime64("2020-01-01"), "M8[ns]"),
        (b"abc", "S5"),
    ],
    ids=repr,
)
def test_a_fill_value_becomes_a_sample_of_the_output(value, dtype):
    fill = cast_fill(value, np.dtype(dtype))
    assert fill.dtype == dtype
    assert fill == np.array(value).astype(dtype)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (256, "u1"),
        (-1, "u8"),
        (0.5, "i4"),
        (np.nan, "i2"),
        (np.inf, "i8"),
        (2**63, "i8"),
        (2**64, "u8"),
        (10**30, "i4"),
        (2, "?"),
        (np.nan, "?"),
        (1e300, "f4"),
        (10**400, "f8"),
        (1e300, "c8"),
        (1 + 2j, "f8"),
        (1 + 2j, "u1"),
        (None, "f8"),
        (None, "u1"),
        ("x", "f4"),
        ("auto", "u1"),
        (1.5, "M8[ns]"),
        ("2020-01-01", "f4"),
        (b"too long", "S5"),
    ],
    ids=repr,
)
def test_a_fill_value_that_the_output_cannot_hold_is_refused(value, dtype):
    with pytest.raises(InvalidInputError, match="nodata_out") as caught:
        cast_fill(value, np.dtype(dtype))
    assert repr(value) in str(caught.value)
    assert str(np.dtype(dtype)) in str(caught.value)
    assert caught.value.code == "nodata"


@pytest.mark.parametrize("dtype", ["f8", "c8", "i2"])
@pytest.mark.parametrize("value", [[1, 2], np.array([1]), ()], ids=repr)
def test_a_fill_value_is_one_number(value, dtype):
    with pytest.raises(InvalidInputError, match=r"nodata_out=.* must be one number"):
        cast_fill(value, np.dtype(dtype))


@pytest.mark.parametrize("value", [np.nan, complex(np.nan, 0), complex(0, np.nan)])
def test_a_complex_nan_is_nan_in_both_parts(value):
    fill = cast_fill(value, np.dtype("c16"))
    assert np.isnan([fill.real, fill.imag]).all()


@pytest.mark.parametrize(
    ("dtype", "part", "count"),
    [
        *((dtype, dtype, 1) for dtype in COMPUTED if np.dtype(dtype).kind != "c"),
        ("c8", "f4", 2),
        ("c16", "f8", 2),
        ("M8[ns]", "u8", 1),
        ("f2", "u2", 1),
        ("S5", "u1", 5),
        ("U3", "u4", 3),
        ("S6", "u2", 3),
        ("V12", "u4", 3),
        ("V16", "u8", 2),
        ("V48", "u8", 6),
        ("g", "u8", np.dtype("g").itemsize // 8),
        ("G", "u8", np.dtype("G").itemsize // 8),
        (RECORD, "u1", 5),
    ],
    ids=str,
)
@pytest.mark.parametrize("step", [1, 2, -1], ids=lambda step: f"step{step}")
def test_planes_are_views_of_the_same_bits(dtype, part, count, step):
    dtype = np.dtype(dtype)
    size = 2 * 3 * 8 * dtype.itemsize
    bits = np.random.default_rng(1).bytes(size) if dtype.kind != "b" else b"\1\0" * (size // 2)
    array = np.frombuffer(bytearray(bits), dtype).reshape(2, 3, 8)[..., ::step]
    planes = as_planes(array)
    assert planes.dtype == part
    assert planes.shape == ((count,) if count > 1 else ()) + array.shape
    assert np.shares_memory(planes, array)
    together = np.moveaxis(planes, 0, -1) if count > 1 else planes
    assert together.tobytes() == array.tobytes()


def test_planes_of_a_writeable_array_can_be_written():
    array = np.zeros((2, 2), "c8")
    as_planes(array)[1] = 3
    assert (array == 3j).all()


@pytest.mark.parametrize("dtype", ["c8", "S5", "M8[ns]"])
def test_planes_of_a_read_only_array_cannot_be_written(dtype):
    array = image(np.random.default_rng(1), (2, 2), np.dtype(dtype))
    array.flags.writeable = False
    assert not as_planes(array).flags.writeable
