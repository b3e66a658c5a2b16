"""Numbers of the prefilter: poles, truncation, extension, influence of invalid samples, safe windows."""

from math import floor

import numpy as np
import pytest

from gridr_dask import GridrError, InvalidInputError, compat, get_interpolator
from gridr_dask.compute.splines import influence_radius, poles

ORDERS = (3, 5, 7, 9, 11)
orders = pytest.mark.parametrize("order", ORDERS)

POLES = {
    3: [-0.2679491924311227],
    5: [-0.4305753470999738, -0.04309628820326465],
    7: [-0.5352804307964382, -0.12255461519232669, -0.009148694809608277],
    9: [-0.6079973891686258, -0.20175052019315323, -0.04322260854048175, -0.002121306903180818],
    11: [
        *(-0.6612660689007347, -0.2721803492947859, -0.08975959979371331),
        *(-0.016669627366234657, -0.000510557534446502),
    ],
}

# By decimals: terms of each pole's filter, then the extensions of the domain.
TABLE = {
    1: "4/5,1 9,3/14,5,2 15,5,3/26,11,6,3 22,8,5,3/42,20,12,7,4 31,11,7,4,3/61,30,19,12,8,5",
    2: "6/7,1 11,4/17,6,2 18,6,3/30,12,6,3 26,9,5,3/47,21,12,7,4 36,13,8,5,3/70,34,21,13,8,5",
    3: "8/9,1 14,5/21,7,2 22,8,4/37,15,7,3 31,11,6,3/55,24,13,7,4 42,15,8,5,3/78,36,21,13,8,5",
    4: "10/11,1 17,5/24,7,2 26,9,4/42,16,7,3 36,12,7,4/63,27,15,8,4 47,16,9,6,4/87,40,24,15,9,5",
    5: "11/12,1 20,6/28,8,2 29,10,5/47,18,8,3 40,14,8,4/70,30,16,8,4 53,18,10,6,4/96,43,25,15,9,5",
    6: "13/14,1 22,7/31,9,2 33,11,5/52,19,8,3 45,15,8,5/77,32,17,9,4 58,20,11,7,4/105,47,27,16,9,5",
    8: "17/18,1 28,8/38,10,2 40,13,6/62,22,9,3 54,18,10,5/91,37,19,9,4 70,24,13,8,5/125,55,31,18,10,5",
    10: "20/21,1 33,10/45,12,2 48,15,7/73,25,10,3 63,21,11,6/105,42,21,10,4 81,27,15,9,5/142,61,34,19,10,5",
    12: "23/24,1 39,11/52,13,2 55,17,8/83,28,11,3 73,24,13,7/121,48,24,11,4 92,31,17,10,6/161,69,38,21,11,5",
}

RADII = {
    3: {0.5: 0.5263, 0.1: 1.7484, 0.05: 2.2747, 0.01: 3.4968, 0.001: 5.2452, 1e-4: 6.9936, 1e-6: 10.4905},
    5: {0.5: 0.8226, 0.1: 2.7326, 0.05: 3.5552, 0.01: 5.4652, 0.001: 8.1978, 1e-4: 10.9304, 1e-6: 16.3956},
    7: {0.5: 1.1091, 0.1: 3.6843, 0.05: 4.7934, 0.01: 7.3687, 0.001: 11.053, 1e-4: 14.7374, 1e-6: 22.1061},
    9: {0.5: 1.3930, 0.1: 4.6275, 0.05: 6.0205, 0.01: 9.2550, 0.001: 13.8826, 1e-4: 18.5101, 1e-6: 27.7651},
    11: {0.5: 1.6759, 0.1: 5.5672, 0.05: 7.2431, 0.01: 11.1344, 0.001: 16.7016, 1e-4: 22.2688, 1e-6: 33.4032},
}

# Size of the mask, order, decimals, threshold, window, and what is left of it.
EROSIONS = [
    (60, 3, 6, 0.001, [[0, 59], [0, 59]], [[13, 46], [13, 46]]),
    (60, 3, 2, 0.001, [[0, 59], [0, 59]], [[6, 53], [6, 53]]),
    (60, 3, 6, 0.001, [[10, 49], [5, 54]], [[16, 43], [13, 46]]),
    (60, 3, 2, 0.001, [[10, 49], [5, 54]], [[16, 43], [11, 48]]),
    (60, 3, 6, 0.001, [[20, 30], [20, 30]], None),
    (60, 3, 6, 1.0, [[20, 30], [20, 30]], [[20, 30], [20, 30]]),
    (400, 3, 6, 0.001, [[0, 399], [100, 299]], [[13, 386], [106, 293]]),
    (400, 5, 6, 0.001, [[0, 399], [100, 299]], [[29, 370], [109, 290]]),
    (400, 7, 6, 0.001, [[0, 399], [100, 299]], [[49, 350], [112, 287]]),
    (400, 9, 6, 0.001, [[0, 399], [100, 299]], [[73, 326], [114, 285]]),
    (400, 11, 6, 0.001, [[0, 399], [100, 299]], [[100, 299], [117, 282]]),
    # Nothing is left of a small window near the origin; GridR's subtraction underflows and enlarges it.
    (60, 3, 6, 0.001, [[0, 4], [0, 4]], None),
]


def filled(values, length):
    return [*map(int, values.split(",")), *[0] * length][:length]


@orders
def test_poles_are_correctly_rounded(order):
    assert list(poles(order)) == POLES[order]


@pytest.mark.parametrize("decimals", TABLE)
@orders
def test_truncation_and_domain_extension_are_those_of_the_table(order, decimals):
    indices, extensions = TABLE[decimals].split()[ORDERS.index(order)].split("/")
    found = compat.compute_2d_truncation_index(order, decimals)
    assert found.tolist() == filled(indices, 5)
    assert found.dtype == np.uintp
    found = compat.compute_2d_domain_extension(order, precision=decimals)
    assert found.tolist() == filled(extensions, 6)
    assert found.dtype == np.uintp
    margin = int(extensions.split(",")[0])
    assert compat.compute_bspline_total_margin(order, decimals) == margin
    interp = get_interpolator(f"bspline{order}", epsilon=10.0**-decimals)
    interp.initialize()
    assert interp.total_margins() == [margin] * 4


@orders
def test_six_decimals_are_the_default(order):
    for function in (
        compat.compute_2d_truncation_index,
        compat.compute_2d_domain_extension,
        compat.compute_bspline_total_margin,
    ):
        np.testing.assert_array_equal(function(order), function(order, 6))


@orders
def test_the_influence_radius_is_that_of_the_table(order):
    assert influence_radius(order, 1.0) == 0
    for threshold, radius in RADII[order].items():
        assert influence_radius(order, threshold) == pytest.approx(radius, abs=5.1e-5)


@pytest.mark.parametrize(("size", "order", "decimals", "threshold", "window", "want"), EROSIONS)
def test_a_safe_window_is_eroded_as_in_the_table(size, order, decimals, threshold, window, want):
    found = compat.array_bspline_prefiltering_mask_safe_win(
        np.ones((size, size), np.uint8),
        window,
        n=order,
        precision=decimals,
        mask_influence_threshold=threshold,
    )
    assert (found if found is None else found.tolist()) == want


@pytest.mark.parametrize(("threshold", "radius"), [(0.01, 3), (1.0, 0), (0.001, 5)])
def test_an_invalid_sample_reaches_a_diamond_and_the_border_is_spent(threshold, radius):
    mask = np.ones((50, 50), np.uint8)
    mask[25, 25] = 0
    image = np.zeros((50, 50))
    compat.array_bspline_prefiltering(image, mask, n=3, precision=1, mask_influence_threshold=threshold)
    rows, cols = np.indices(mask.shape)
    border = (np.minimum(rows, 49 - rows) < 4) | (np.minimum(cols, 49 - cols) < 4)
    np.testing.assert_array_equal(mask == 0, border | (abs(rows - 25) + abs(cols - 25) <= radius))


@pytest.mark.parametrize("order", [0, 1, 2, 4, 6, 13, -3, 3.5, None, "3"], ids=repr)
@pytest.mark.parametrize(
    "function",
    [
        compat.compute_2d_truncation_index,
        compat.compute_2d_domain_extension,
        compat.compute_bspline_total_margin,
    ],
)
def test_orders_without_a_spline_are_refused(function, order):
    with pytest.raises((InvalidInputError, TypeError)) as caught:
        function(order)
    assert isinstance(caught.value, GridrError)


def test_the_radius_is_rounded_down_for_samples_and_up_for_windows():
    mask = np.ones((60, 60), np.uint8)
    for order in ORDERS:
        radius = influence_radius(order, 0.01)
        assert floor(radius) < radius
    window = compat.array_bspline_prefiltering_mask_safe_win(
        mask, [[20, 40], [20, 40]], n=3, precision=1, mask_influence_threshold=0.01
    )
    assert window.tolist() == [[24, 36], [24, 36]]
