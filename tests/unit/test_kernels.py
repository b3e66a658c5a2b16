"""The kernels that the engine has, and their reach."""

import pytest

from gridr_dask.compute import get_interpolator, kernel_names
from gridr_dask.errors import GridrError
from gridr_dask.geometry import Boundary
from tests.scenes import LOCAL, kernel_named


def test_the_kernels_have_names():
    assert set(LOCAL) <= set(kernel_names())


@pytest.mark.parametrize(
    ("name", "first", "last", "rounds"),
    [("nearest", 0, 0, True), ("linear", 0, 1, False), ("cubic", -1, 2, False)],
)
def test_a_kernel_tells_its_taps(name, first, last, rounds):
    kernel = kernel_named(name)
    assert (kernel.name, kernel.first, kernel.last, kernel.rounds) == (name, first, last, rounds)


@pytest.mark.parametrize("name", ["spline", "Linear", "optimized_bicubic", "", "bicubic"])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(GridrError, match="nearest, linear, cubic") as caught:
        get_interpolator(name)
    assert repr(name) in str(caught.value)
    assert caught.value.code == "unknown-kernel"


@pytest.mark.parametrize("name", [3, None, ("cubic",)], ids=repr)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(GridrError, match="interp") as caught:
        get_interpolator(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", LOCAL)
def test_without_a_boundary_no_tap_lies_past_the_edge(name):
    assert kernel_named(name).domain(10, Boundary()) == (0, 10)
    assert kernel_named(name).domain(0, Boundary()) == (0, 0)
