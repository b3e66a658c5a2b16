"""Half-open windows, and the slices of users."""

import numpy as np
import pytest

from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Window

EVERYTHING = slice(None)


@pytest.mark.parametrize(
    ("slices", "want"),
    [
        ((EVERYTHING, EVERYTHING), Window((0, 10), (0, 8))),
        ((slice(2, 4), EVERYTHING), Window((2, 4), (0, 8))),
        ((slice(2, None), slice(None, 3)), Window((2, 10), (0, 3))),
        ((slice(9, 10), slice(7, 8)), Window((9, 10), (7, 8))),
        ([slice(0, 10, 1), slice(np.int64(1), np.uint8(2))], Window((0, 10), (1, 2))),
    ],
    ids=["all", "rows", "open ends", "last pixel", "list and numpy integers"],
)
def test_a_pair_of_slices_is_a_window(slices, want):
    assert Window.from_slices(slices, (10, 8)) == want


@pytest.mark.parametrize(
    "slices",
    [
        (slice(-1, 4), EVERYTHING),
        (slice(0, -1), EVERYTHING),
        (slice(0, 11), EVERYTHING),
        (EVERYTHING, slice(3, 3)),
        (EVERYTHING, slice(5, 3)),
        (EVERYTHING, slice(8, 9)),
        (slice(0, 4, 2), EVERYTHING),
        (slice(None, None, -1), EVERYTHING),
        (slice(0.5, 2), EVERYTHING),
        (EVERYTHING,),
        (EVERYTHING,) * 3,
        (1, EVERYTHING),
        ((0, 4), (0, 4)),
        EVERYTHING,
        5,
        "ab",
    ],
    ids=repr,
)
def test_what_is_not_a_window_of_the_target_is_refused(slices):
    with pytest.raises(InvalidInputError, match="window") as caught:
        Window.from_slices(slices, (10, 8))
    assert caught.value.code == "window"


def test_the_message_shows_the_slice_and_the_size():
    with pytest.raises(InvalidInputError, match=r"cols slice\(3, 9, None\).*\[0, 8\)"):
        Window.from_slices((EVERYTHING, slice(3, 9)), (10, 8))


def test_a_window_knows_its_shape_and_indexes_an_array():
    window = Window((2, 5), (1, 3))
    assert window.shape == (3, 2)
    assert np.zeros((9, 9))[window.slices].shape == (3, 2)
    assert str(window) == "rows [2, 5), cols [1, 3)"
    assert Window.whole((4, 6)) == Window((0, 4), (0, 6))
