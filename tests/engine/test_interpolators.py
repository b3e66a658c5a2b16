"""Interpolator objects: by name, member and instance; parameters, pickles, tokens."""

import pickle
from math import factorial

import numpy as np
import pytest
from dask.tokenize import tokenize

from gridr_dask import InvalidInputError, compat
from gridr_dask.compat import PyInterpolatorType, get_interpolator
from gridr_dask.compute.interpolators import Interpolator

ORDERS = (3, 5, 7, 9, 11)
SPLINES = tuple(f"bspline{order}" for order in ORDERS)
orders = pytest.mark.parametrize("order", ORDERS)

MEMBERS = {
    "nearest": PyInterpolatorType.Nearest,
    "linear": PyInterpolatorType.Linear,
    "cubic": PyInterpolatorType.OptimizedBicubic,
    "bspline3": PyInterpolatorType.BSpline3,
    "bspline5": PyInterpolatorType.BSpline5,
    "bspline7": PyInterpolatorType.BSpline7,
    "bspline9": PyInterpolatorType.BSpline9,
    "bspline11": PyInterpolatorType.BSpline11,
}

B_SPLINE = {
    3: {0: 4, 0.5: 2.875, 1: 1, 1.5: 0.125, 2: 0},
    5: {0: 66, 0.5: 52.5625, 1: 26, 2: 1, 3: 0},
    7: {0: 2416, 1: 1191, 2: 120, 3: 1, 4: 0},
    9: {0: 156190, 1: 88234, 2: 14608, 3: 502, 4: 1, 5: 0},
    11: {0: 15724248, 1: 9738114, 2: 2203488, 3: 152637, 4: 2036, 5: 1, 6: 0},
}


@orders
def test_the_basis_function_is_scaled_by_the_factorial(order):
    interp = get_interpolator(f"bspline{order}")
    for x, value in B_SPLINE[order].items():
        for sign in (1, -1):
            assert float(interp.bspline(sign * x)) == pytest.approx(value, rel=2e-15, abs=0)
    x = np.linspace(-0.5, 0.5, 7)
    total = sum(interp.bspline(x + k) for k in range(-order, order + 1))
    np.testing.assert_allclose(total, factorial(order), rtol=1e-14)
    assert float(interp.bspline(1e9)) == 0


@pytest.mark.parametrize("name", MEMBERS)
def test_an_interpolator_is_had_by_name_by_member_and_by_itself(name):
    by_name, by_member = get_interpolator(name), get_interpolator(MEMBERS[name])
    assert by_name == by_member
    assert hash(by_name) == hash(by_member)
    assert type(by_name) is type(by_member)
    assert get_interpolator(by_name) is by_name
    assert get_interpolator(by_name, epsilon="ignored", nonsense=1) is by_name
    assert by_name.shortname() == {"cubic": "optimized_bicubic"}.get(name, name)
    assert by_name.initialize() is None
    assert by_name.initialize() is None
    assert len(by_name.total_margins()) == 4


def test_members_have_the_numbers_of_gridr():
    assert [member.value for member in MEMBERS.values()] == list(range(8))
    assert {member.name for member in PyInterpolatorType} == {member.name for member in MEMBERS.values()}


@pytest.mark.parametrize(("name", "margin"), [("nearest", 1), ("linear", 1), ("cubic", 2)])
def test_margins_of_local_kernels_need_no_initialization(name, margin):
    assert get_interpolator(name).total_margins() == [margin] * 4


@pytest.mark.parametrize("name", SPLINES)
def test_a_spline_knows_its_order_and_has_defaults(name):
    interp = get_interpolator(name)
    assert interp.order == int(name[7:])
    assert interp.npoles == interp.order // 2
    assert (interp.epsilon, interp.mask_influence_threshold) == (1e-6, 1e-3)
    assert interp == get_interpolator(name, epsilon=1e-6, mask_influence_threshold=1e-3)
    assert interp == type(interp)(1e-6, 1e-3)


@pytest.mark.parametrize("name", SPLINES)
def test_the_margin_of_a_spline_is_known_once_it_is_initialized(name):
    interp = get_interpolator(name)
    with pytest.raises(ValueError, match="not been initialized"):
        interp.total_margins()
    interp.initialize()
    assert interp.total_margins()[0] == compat.compute_bspline_total_margin(interp.order)


@pytest.mark.parametrize("name", SPLINES)
def test_splines_of_one_name_are_initialized_one_by_one(name):
    interp, twin = get_interpolator(name), get_interpolator(name)
    interp.initialize()
    with pytest.raises(ValueError, match="not been initialized"):
        twin.total_margins()


@pytest.mark.parametrize("name", MEMBERS)
def test_an_interpolator_survives_a_pickle(name):
    kwargs = {"epsilon": 1e-3, "mask_influence_threshold": 0.5} if name in SPLINES else {}
    interp = get_interpolator(name, **kwargs)
    twin = pickle.loads(pickle.dumps(interp))
    assert twin == interp
    assert tokenize(twin) == tokenize(interp)
    assert repr(twin) == repr(interp)
    interp.initialize()
    assert tokenize(twin) == tokenize(interp)


def test_tokens_and_equality_tell_kernels_and_parameters_apart():
    different = [
        *map(get_interpolator, MEMBERS),
        *(get_interpolator(name, epsilon=1e-3) for name in SPLINES),
        *(get_interpolator(name, mask_influence_threshold=0.5) for name in SPLINES),
    ]
    assert len({tokenize(interp) for interp in different}) == len(different)
    assert len(set(different)) == len(different)


def test_an_initialized_spline_that_is_pickled_keeps_its_margins():
    interp = get_interpolator("bspline5")
    interp.initialize()
    assert pickle.loads(pickle.dumps(interp)).total_margins() == interp.total_margins()


@pytest.mark.parametrize(
    "name", ["bicubic", "bilinear", "Linear", "optimized_bicubic", "bspline4", "bspline", ""]
)
def test_there_are_no_other_names(name):
    with pytest.raises(InvalidInputError, match=f"unknown.*{name!r}.*nearest"):
        get_interpolator(name)


@pytest.mark.parametrize("thing", [None, 3, 3.0, b"linear", ["linear"], Interpolator], ids=repr)
def test_what_is_no_interpolator_is_a_type_error(thing):
    with pytest.raises(TypeError, match="interp"):
        get_interpolator(thing)


@pytest.mark.parametrize("name", SPLINES)
@pytest.mark.parametrize("epsilon", [0, -1e-3, np.nan, np.inf, -np.inf])
def test_an_epsilon_that_is_no_precision_is_refused(name, epsilon):
    with pytest.raises(InvalidInputError, match="epsilon"):
        get_interpolator(name, epsilon=epsilon)


@pytest.mark.parametrize("name", SPLINES)
@pytest.mark.parametrize("threshold", [0, -0.1, 1.0000001, np.nan, np.inf])
def test_a_threshold_that_is_no_share_is_refused(name, threshold):
    with pytest.raises(InvalidInputError, match="mask_influence_threshold"):
        get_interpolator(name, mask_influence_threshold=threshold)


@pytest.mark.parametrize("name", MEMBERS)
def test_unknown_parameters_are_a_type_error(name):
    with pytest.raises(TypeError):
        get_interpolator(name, order=3)


@pytest.mark.parametrize("name", SPLINES)
@pytest.mark.parametrize("epsilon", [1e-300, 1e-30, 0.9, 1e6])
def test_any_positive_epsilon_has_margins(name, epsilon):
    interp = get_interpolator(name, epsilon=epsilon)
    interp.initialize()
    assert interp.total_margins()[0] >= interp.order // 2


@pytest.mark.parametrize("name", SPLINES)
def test_an_epsilon_that_is_hardly_a_number_has_no_margins(name):
    interp = get_interpolator(name, epsilon=5e-324)
    interp.initialize()
    with pytest.raises(InvalidInputError, match="5e-324"):
        interp.total_margins()


def test_is_bspline_takes_names_members_classes_and_instances():
    for name, member in MEMBERS.items():
        instance = get_interpolator(name)
        for form in (name, member, instance, type(instance)):
            assert compat.is_bspline(form) == (name in SPLINES)
    assert not compat.is_bspline("BSpline3")
    assert not compat.is_bspline(None)
