"""`src_nodata`, `nodata_out` and `dtype` for each variable; `interp` has tests of its own."""

import numpy as np
import pytest
import xarray as xr

from gridr_dask import InvalidInputError
from tests.geo import UTM, texture

GRID = np.mgrid[:30, :40] * 1.5 - 3.3


def scene():
    image = texture(UTM)
    return xr.Dataset(
        {
            "height": image.astype("f4"),
            "count": image.astype("u2"),
            "classes": image.astype("u1").assign_attrs(flag_values=[0, 1]),
        }
    )


CHOICES = {
    "src_nodata": (
        {"height": 7, np.unsignedinteger: 9, ...: None},
        {"height": 7, "count": 9, "classes": 9},
    ),
    "nodata_out": ({"u1": 255, "height": -1}, {"height": -1, "count": "auto", "classes": 255}),
    "dtype": ({np.integer: "f8", "classes": None}, {"height": None, "count": "f8", "classes": None}),
}


@pytest.mark.parametrize("argument", CHOICES)
@pytest.mark.parametrize("chunks", [None, 25], ids=["numpy", "dask"])
@pytest.mark.parametrize("verb", ["resample", "reproject"])
def test_a_mapping_is_a_value_for_each_variable(argument, chunks, verb):
    mapping, values = CHOICES[argument]
    target = {"resample": GRID, "reproject": UTM.pad(3)}[verb]
    source = scene() if chunks is None else scene().chunk(25)
    together = getattr(source.gridr, verb)(target, **{argument: mapping})
    for name, value in values.items():
        alone = getattr(source[name].gridr, verb)(target, **{argument: value})
        assert together[name].dtype == alone.dtype
        xr.testing.assert_identical(together[name].variable.compute(), alone.variable.compute())
        mapped = getattr(source[name].gridr, verb)(target, **{argument: mapping})
        xr.testing.assert_identical(mapped.variable.compute(), alone.variable.compute())


@pytest.mark.parametrize("argument", CHOICES)
def test_an_unknown_key_is_refused(argument):
    with pytest.raises(InvalidInputError, match=rf"{argument} has the key 'hieght', which is neither"):
        scene().gridr.resample(GRID, **{argument: {"hieght": 3}})


def test_a_value_that_the_type_can_not_hold_names_the_variable():
    with pytest.raises(InvalidInputError, match="nodata_out=300") as error:
        scene().gridr.resample(GRID, nodata_out={"classes": 300})
    assert error.value.__notes__ == ["while resampling the variable 'classes'"]


def test_two_values_that_make_validity_differ_go_together():
    result, valid = scene().gridr.resample(GRID, src_nodata={"height": 7, ...: None}, return_mask=True)
    alone, alone_valid = scene().height.gridr.resample(GRID, src_nodata=7, return_mask=True)
    xr.testing.assert_equal(valid.height.variable, alone_valid.variable)
    xr.testing.assert_equal(result.height.variable, alone.variable)
