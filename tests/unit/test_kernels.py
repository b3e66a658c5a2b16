"""The kernels that the engine has, and their reach."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask.compute import get_interpolator, kernel_names, kernel_of
from gridr_dask.errors import GridrError
from gridr_dask.geometry import Boundary
from tests import oracles
from tests.scenes import BOUNDARIES, KERNELS, LOCAL, SPLINES, kernel_named


def test_the_kernels_have_names():
    assert kernel_names() == KERNELS


@pytest.mark.parametrize(
    ("name", "first", "last", "rounds"),
    [
        ("nearest", 0, 0, True),
        ("linear", 0, 1, False),
        ("cubic", -1, 2, False),
        *((f"bspline{degree}", -(degree // 2), degree // 2 + 1, False) for degree in (3, 5, 7, 9, 11)),
    ],
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


splines = st.tuples(
    st.sampled_from(SPLINES),
    st.sampled_from([1e-2, 1e-6, 1e-6 * (1 + 2e-16), 1e-9]),
    st.sampled_from([1e-3, 0.5, 1, 1.0]),
    st.booleans(),
)


@given(st.lists(splines, min_size=2, max_size=6))
def test_a_spline_has_its_own_parameters_whatever_was_asked_for_before(asked):
    kernels = []
    for name, epsilon, threshold, prefiltered in asked:
        interp = get_interpolator(name, epsilon=epsilon, mask_influence_threshold=threshold)
        kernels.append(kernel_of(interp, prefiltered))
    for (a, kernel), (b, other) in product(zip(asked, kernels, strict=True), repeat=2):
        assert (kernel.name, kernel.epsilon, kernel.prefiltered) == (a[0], a[1], a[3])
        assert (kernel == other) == (a == b)


def test_a_kernel_follows_its_interpolator():
    interp = get_interpolator("bspline3", epsilon=1e-6)
    before = kernel_of(interp)
    interp.epsilon = 1e-3
    assert kernel_of(interp) == kernel_of(get_interpolator("bspline3", epsilon=1e-3)) != before


@pytest.mark.parametrize("name", LOCAL)
def test_without_a_boundary_no_tap_lies_past_the_edge(name):
    assert kernel_named(name).domain(10, Boundary()) == (0, 10)
    assert kernel_named(name).domain(0, Boundary()) == (0, 0)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
def test_taps_lie_past_the_edge_where_it_is_trusted_only(name, boundary):
    kernel = kernel_named(name)
    start, stop = kernel.domain(100, boundary)
    assert stop == 100 - start
    if boundary.trusted:
        assert start == -oracles.MARGIN[name]
    else:
        assert start == (int(kernel.influence) if name in SPLINES else 0)
