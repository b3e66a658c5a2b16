"""Which kernel a variable gets."""

import numpy as np
import pytest
import xarray as xr

from gridr_dask import GridrError, InvalidInputError, get_interpolator
from gridr_dask.api.kernels import KernelChoice

FLAGS = {"flag_values": [0, 1]}


def array(name, dtype="f4", attrs=None):
    return xr.DataArray(np.zeros((6, 7), dtype), dims=("y", "x"), name=name, attrs=attrs)


DATASET = xr.Dataset(
    {
        "height": array("height"),
        "u": array("u", "f8"),
        "count": array("count", "u2"),
        "swapped": array("swapped", ">u2"),
        "cloud": array("cloud", "?"),
        "classes": array("classes", "u1", FLAGS),
        "decoded": array("decoded", "f4", {"flag_masks": [1, 2]}),
        "named": array("named", "u1", {"flag_meanings": "sea land"}),
        "field": array("field", "c8"),
    }
)
FEW = {"height": "cubic", "u": "cubic", "count": "cubic", "swapped": "cubic", "field": "cubic"}
"""What "auto" means, beside nearest for the rest."""

CHOICES = {
    "a name": ("linear", dict.fromkeys(DATASET, "linear")),
    "auto": ("auto", FEW),
    "an object": (get_interpolator("bspline3"), dict.fromkeys(DATASET, "bspline3")),
    "nothing": ({}, FEW),
    "a variable": ({"height": "linear"}, FEW | {"height": "linear"}),
    "a flag variable": ({"cloud": "linear"}, FEW | {"cloud": "linear"}),
    "all others": ({...: "linear", "u": "nearest"}, dict.fromkeys(DATASET, "linear") | {"u": "nearest"}),
    "auto for all others": ({...: "auto", "u": "linear"}, FEW | {"u": "linear"}),
    "a dtype": ({"u2": "linear"}, FEW | {"count": "linear", "swapped": "linear"}),
    "a dtype in other words": ({np.dtype(">u2"): "linear"}, FEW | {"count": "linear", "swapped": "linear"}),
    "a class": ({np.float32: "linear"}, FEW | {"height": "linear", "decoded": "linear"}),
    "a type of Python": ({float: "linear", bool: "cubic"}, FEW | {"u": "linear", "cloud": "cubic"}),
    "a family": (
        {np.integer: "linear"},
        FEW | {"count": "linear", "swapped": "linear", "classes": "linear", "named": "linear"},
    ),
    "name before dtype": (
        {"uint16": "nearest", "count": "linear"},
        FEW | {"count": "linear", "swapped": "nearest"},
    ),
    "closest first": (
        {np.number: "bspline3", np.integer: "linear", "u2": "nearest"},
        dict.fromkeys(DATASET, "bspline3")
        | {
            "count": "nearest",
            "swapped": "nearest",
            "classes": "linear",
            "named": "linear",
            "cloud": "nearest",
        },
    ),
    "closest first, in any order": (
        {"u2": "nearest", np.unsignedinteger: "linear", np.number: "bspline3"},
        dict.fromkeys(DATASET, "bspline3")
        | {
            "count": "nearest",
            "swapped": "nearest",
            "classes": "linear",
            "named": "linear",
            "cloud": "nearest",
        },
    ),
    "one letter is a name": ({"u": "bilinear"}, FEW | {"u": "linear"}),
}


@pytest.mark.parametrize(("interp", "want"), CHOICES.values(), ids=CHOICES.keys())
def test_each_variable_gets_its_kernel(interp, want):
    choice = KernelChoice.from_user(interp, DATASET)
    got = {name: choice.of(variable).name for name, variable in DATASET.data_vars.items()}
    assert got == dict.fromkeys(DATASET, "nearest") | want


def test_a_key_that_means_nothing_is_refused():
    for key in ("hight", "d", 5, int | None):
        with pytest.raises(InvalidInputError, match=r"interp has the key .*neither .*'height'.* nor a dtype"):
            KernelChoice.from_user({key: "linear"}, DATASET)


def test_an_array_ignores_the_names_of_others():
    """So that one mapping serves `Dataset.map`."""
    interp = {"other": "linear", "height": "nearest"}
    assert KernelChoice.from_user(interp, DATASET.height).of(DATASET.height).name == "nearest"
    assert KernelChoice.from_user(interp, DATASET.u).of(DATASET.u).name == "cubic"


@pytest.mark.parametrize("bad", ["sinc", None, 3])
def test_a_bad_kernel_is_refused_wherever_it_stands(bad):
    for interp in ({"height": bad}, {...: bad}, {"u2": bad}):
        with pytest.raises(GridrError, match=str(bad)):
            KernelChoice.from_user(interp, DATASET)


@pytest.mark.parametrize("chunks", [None, 3], ids=["numpy", "dask"])
def test_variables_of_several_kernels_are_those_of_one_each(chunks):
    rng = np.random.default_rng(1)
    values = {
        name: array.copy(data=rng.random((6, 7)).astype(array.dtype)) for name, array in DATASET.items()
    }
    dataset = xr.Dataset(values)
    source = dataset if chunks is None else dataset.chunk(chunks)
    grid = tuple(np.mgrid[-1:7:0.5, -1:8:0.5] + 0.1)
    interp = {"height": "linear", "u": "bspline3", "field": "nearest"}
    result, valid = source.gridr.resample(grid, interp=interp, return_mask=True, chunks=chunks and 5)
    choice = KernelChoice.from_user(interp, dataset)
    for name, variable in dataset.items():
        want = variable.gridr.resample(grid, interp=choice.of(variable).name, return_mask=True)
        xr.testing.assert_identical(result[name].compute(), want[0])
        xr.testing.assert_identical(valid[name].compute(), want[1])
    if chunks:
        assert result.chunks == {"y": (5, 5, 5, 1), "x": (5, 5, 5, 3)}


def test_a_plan_knows_what_each_kernel_reads():
    dataset = DATASET[["height", "cloud"]].chunk(1)
    grid = np.mgrid[-2:2.0, 0:5] + 0.1
    both = dataset.gridr.plan(grid, chunks=1).summary()
    alone = [dataset[name].gridr.plan(grid, chunks=1) for name in dataset]
    for key in ("tasks", "tasks without source", "bytes read"):
        assert both[key] == sum(plan.summary()[key] for plan in alone)
    assert alone[0].summary()["tasks without source"] > alone[1].summary()["tasks without source"]
    plan = dataset.gridr.plan(grid, chunks=1)
    np.testing.assert_array_equal(plan.windows, alone[0].windows)
    assert "cubic" in plan.to_json()
