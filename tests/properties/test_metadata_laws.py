"""Chunks do not change what a result says about itself."""

import string

import numpy as np
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gridr_dask  # noqa: F401 - registers the accessor
from tests.rasters import blocks

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
