"""What dask's own expressions can and can't do: a release that changes one of these says so by its name.

Run by `test_expressions`. When the second half fails, `docs/concepts/lazy.md` has a sentence less to say.
"""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from dask.array.core import Array
from dask.highlevelgraph import HighLevelGraph

import gridr_dask

IMAGE = da.from_array(np.arange(64.0).reshape(8, 8), chunks=4)
LABELLED = xr.DataArray(IMAGE, dims=("y", "x"), name="image")
GRID = np.mgrid[:6, :6] + 0.5


def test_arrays_are_expressions():
    assert da.Array is not Array
    assert type(IMAGE).__module__.startswith("dask.array._array_expr")
    assert isinstance(LABELLED.data, da.Array)


def test_an_expression_has_a_graph_to_take():
    assert set(IMAGE.__dask_graph__()) >= {(IMAGE.name, i, j) for i in range(2) for j in range(2)}


def test_a_graph_can_be_made_an_expression():
    from dask.array._array_expr._collection import from_graph

    graph = HighLevelGraph({"a": {("a", 0): np.ones(3)}}, {"a": set()})
    made = from_graph(graph, np.empty(0), ((3,),), [("a", 0)], "a")
    assert isinstance(made, da.Array)
    np.testing.assert_array_equal(made.compute(), np.ones(3))


def test_what_was_not_lazy_gives_an_expression_too():
    whole = LABELLED.compute()
    lazy = whole.gridr.resample(GRID, chunks=3)
    assert isinstance(lazy.data, da.Array)
    assert lazy.compute().identical(whole.gridr.resample(GRID))


LACKING = {
    "store": lambda path: da.store(IMAGE, np.empty((8, 8))),
    "to_delayed": lambda path: IMAGE.to_delayed(),
    "concatenate": lambda path: np.concatenate([IMAGE, IMAGE]),
    "where": lambda path: np.where(IMAGE > 0, 1.0, IMAGE),
    "the nodata of a lazy grid": lambda path: LABELLED.gridr.resample((IMAGE, IMAGE), grid_nodata=0),
    "reductions of xarray": lambda path: LABELLED.sum(),
    "to_zarr of xarray": lambda path: LABELLED.to_dataset().to_zarr(path, consolidated=False),
    "to_zarr": lambda path: gridr_dask.to_zarr(
        LABELLED.gridr.resample(GRID, chunks=3), path, consolidated=False
    ),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_they_still_lack(lacking, tmp_path):
    with pytest.raises((NotImplementedError, AttributeError)):
        LACKING[lacking](tmp_path / "a.zarr")


def test_a_number_still_makes_float64_of_them():
    assert (da.zeros(3, chunks=2, dtype="f4") * 1).dtype == np.float64
