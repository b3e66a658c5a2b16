"""Bad arguments of `.gridr.resample` about masks, boundaries and nodata: a named error, numpy or dask."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from gridr_dask import GridrError, InvalidInputError, UnsupportedDtypeError, get_interpolator

SHAPE = (6, 7)
GRID = tuple(np.mgrid[0:4.0, 0:5.0] + 0.5)
MASK = np.ones(SHAPE, bool)
BAD, TYPE = InvalidInputError, UnsupportedDtypeError

both = pytest.mark.parametrize("lazy", [False, True], ids=["numpy", "dask"])


def image(dtype="f8", lazy=False, attrs=None):
    values = np.arange(42).reshape(SHAPE).astype(dtype)
    return xr.DataArray(
        da.from_array(values, 3) if lazy else values, dims=("y", "x"), attrs=attrs, name="height"
    )


REFUSED = {
    "mask of another shape": ({"mask": MASK.T}, BAD, r"mask.*\(6, 7\).*\(7, 6\)"),
    "mask with bands": ({"mask": MASK[None]}, BAD, r"mask.*\(1, 6, 7\)"),
    "mask of other dims": ({"mask": xr.DataArray(MASK.T, dims=("lat", "lon"))}, BAD, r"mask.*\(7, 6\)"),
    "mask of texts": ({"mask": np.full(SHAPE, "a")}, TYPE, "mask.*U1"),
    "mask of complex numbers": ({"mask": MASK * 1j}, TYPE, "mask.*complex128"),
    "mask of objects": ({"mask": MASK.astype(object)}, TYPE, "mask.*object"),
    "mask a text": ({"mask": "auto"}, BAD, "mask"),
    "safe window without mask": (
        {"mask_safe_win": (slice(0, 2), slice(0, 2))},
        BAD,
        "mask_safe_win needs a mask",
    ),
    "safe window outside": (
        {"mask": MASK, "mask_safe_win": (slice(0, 7), slice(0, 2))},
        BAD,
        r"mask_safe_win rows.*7.*\[0, 6\)",
    ),
    "safe window empty": (
        {"mask": MASK, "mask_safe_win": (slice(2, 2), slice(0, 2))},
        BAD,
        "mask_safe_win rows",
    ),
    "safe window with a step": (
        {"mask": MASK, "mask_safe_win": (slice(0, 4, 2), slice(0, 2))},
        BAD,
        "mask_safe_win rows",
    ),
    "safe window of bounds": ({"mask": MASK, "mask_safe_win": [[0, 2], [0, 2]]}, BAD, "mask_safe_win"),
    "mode without trust": ({"boundary_condition": "edge"}, BAD, "boundary_condition='edge'.*trust_padding"),
    "unknown mode": (
        {"boundary_condition": "mirror", "trust_padding": True},
        BAD,
        "boundary_condition 'mirror'.*reflect",
    ),
    "empty mode": ({"boundary_condition": "", "trust_padding": True}, BAD, "boundary_condition ''"),
    "unknown nan_policy": ({"nan_policy": "omit"}, BAD, "nan_policy='omit'.*'propagate'.*'invalid'"),
    "nan_policy None": ({"nan_policy": None}, BAD, "nan_policy=None"),
    "grid mask and nodata": (
        {"grid_mask": np.ones((4, 5)), "grid_nodata": 0.5},
        BAD,
        "grid_mask and grid_nodata",
    ),
    "grid mask of another shape": ({"grid_mask": np.ones((5, 4))}, BAD, r"grid_mask.*\(4, 5\).*\(5, 4\)"),
    "grid nodata a text": ({"grid_nodata": "none"}, GridrError, "grid_nodata.*none"),
    "grid nodata complex": ({"grid_nodata": 1j}, GridrError, "grid_nodata.*1j"),
    "source nodata a text": ({"src_nodata": "none"}, BAD, "src_nodata='none'"),
    "source nodata complex": ({"src_nodata": 1j}, BAD, "src_nodata=1j"),
    "source nodata a list": ({"src_nodata": [1, 2]}, BAD, r"src_nodata=\[1, 2\]"),
    "variables of an array": ({"variables": ["height"]}, BAD, "variables.*Dataset"),
    "coefficients of an unknown kernel": ({"interp": "bspline4"}, BAD, "'bspline4'"),
    "resolution far too large": ({"grid_resolution": (10**30, 1)}, BAD, "grid_resolution"),
}


@both
@pytest.mark.parametrize(("arguments", "exception", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_argument_is_refused_by_name_and_value(arguments, exception, message, lazy):
    with pytest.raises(exception, match=f"(?s){message}") as caught:
        image(lazy=lazy).gridr.resample(GRID, **{"interp": "linear"} | arguments)
    assert isinstance(caught.value, GridrError)


@both
def test_a_lazy_mask_is_refused_when_the_graph_is_built(lazy):
    for mask, exception in [(da.from_array(MASK.T, 2), BAD), (da.from_array(MASK * 1j, 2), TYPE)]:
        with pytest.raises(exception, match="mask"):
            image(lazy=lazy).gridr.resample(GRID, mask=mask)


@pytest.mark.parametrize(
    ("dtype", "value"), [("u1", -1), ("u1", 256), ("i2", 0.5), ("u1", np.nan), ("f4", 1e300)]
)
@both
def test_a_source_nodata_that_the_type_cannot_hold_is_refused(dtype, value, lazy):
    with pytest.raises(InvalidInputError, match=f"src_nodata={value}.*{np.dtype(dtype)}".replace("+", r"\+")):
        image(dtype, lazy).gridr.resample(GRID, src_nodata=value)


@both
def test_variables_that_are_not_there_are_named(lazy):
    dataset = xr.Dataset({"a": image(lazy=lazy), "b": image(lazy=lazy)})
    with pytest.raises(InvalidInputError, match=r"variables \['c'\] not found among \['a', 'b'\]"):
        dataset.gridr.resample(GRID, variables=["a", "c"])
    assert list(dataset.gridr.resample(GRID, variables=["a"]).data_vars) == ["a"]
    assert list(dataset.gridr.resample(GRID, variables=iter(["a"])).data_vars) == ["a"]
    assert list(dataset.gridr.resample(GRID, variables=[]).data_vars) == []


@both
def test_the_variable_that_fails_is_named(lazy):
    dataset = xr.Dataset({"good": image(lazy=lazy), "bad": image("M8[s]", lazy)})
    with pytest.raises(UnsupportedDtypeError) as caught:
        dataset.gridr.resample(GRID, interp="bspline3")
    assert any("'bad'" in note for note in caught.value.__notes__)


@both
@pytest.mark.parametrize("form", ["array", "transposed", "lazy", "read-only", "strided", "big-endian"])
def test_masks_of_any_layout_are_the_same_mask(form, lazy):
    mask = MASK.copy()
    mask[2, 3] = False
    want = image().gridr.resample(GRID, interp="linear", mask=mask, return_mask=True)
    frozen = mask.copy()
    frozen.flags.writeable = False
    forms = {
        "array": xr.DataArray(mask, dims=("y", "x")),
        "transposed": xr.DataArray(mask.T, dims=("x", "y")),
        "lazy": xr.DataArray(da.from_array(mask.T, (5, 4)), dims=("x", "y")),
        "read-only": frozen,
        "strided": np.repeat(mask, 2, axis=1)[::-1, ::2][::-1],
        "big-endian": mask.astype(">i4"),
    }
    got = image(lazy=lazy).gridr.resample(GRID, interp="linear", mask=forms[form], return_mask=True)
    assert [half.values.tobytes() for half in got] == [half.values.tobytes() for half in want]


@both
def test_an_empty_image_is_nodata(lazy):
    for shape in [(0, 7), (6, 0)]:
        values = np.zeros(shape)
        source = xr.DataArray(da.from_array(values, 3) if lazy else values, dims=("y", "x"))
        for mode in (None, "wrap", "reflect"):
            result, valid = source.gridr.resample(
                GRID,
                interp=get_interpolator("bspline5"),
                boundary_condition=mode,
                trust_padding=None if mode is None else True,
                nodata_out=-1,
                return_mask=True,
            )
            assert (result == -1).all()
            assert not valid.any()
