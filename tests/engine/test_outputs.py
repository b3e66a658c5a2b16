"""Where `array_grid_resampling` writes and what it returns: buffers, windows, masks, grids without nodes."""

import numpy as np
import pytest

from gridr_dask import InvalidInputError, UnsupportedDtypeError, array_grid_resampling

IMAGE = np.random.default_rng(0).uniform(1, 9, (2, 12, 13))
ROWS, COLS = np.mgrid[2:6.0, 2:7.0] + 0.25
COLS[0, 0] = 40.0
"""The first pixel is outside of the image."""

KERNELS = ("nearest", "linear", "cubic", "bspline3")
kernels = pytest.mark.parametrize("kernel", KERNELS)
BAD, TYPE = InvalidInputError, UnsupportedDtypeError
EDGE = {"boundary_condition": "edge", "trust_padding": True}
UNTOUCHED = -55.0


def call(**changes):
    arguments = {
        "interp": "linear",
        "array_in": IMAGE,
        "grid_row": ROWS,
        "grid_col": COLS,
        "grid_resolution": (1, 1),
        "nodata_out": -9.0,
    }
    return array_grid_resampling(**arguments | changes)


@pytest.mark.parametrize("bands", [(), (1,), (2,)], ids=str)
@pytest.mark.parametrize("rows", [slice(0, 4), slice(1, 2)], ids=["block", "row"])
@pytest.mark.parametrize("cols", [slice(0, 5), slice(2, 3)], ids=["block", "column"])
def test_axes_of_length_1_are_dropped_from_a_new_array_and_never_from_its_mask(bands, rows, cols):
    image = IMAGE[: bands[0]] if bands else IMAGE[0]
    win = [[rows.start, rows.stop - 1], [cols.start, cols.stop - 1]]
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    values, mask = call(array_in=image, win=win, array_out_mask=True)
    assert values.shape == tuple(n for n in (*bands, *shape) if n != 1)
    assert mask.shape == shape
    assert mask.dtype == np.uint8
    whole, whole_mask = call(array_in=image.reshape(-1, 12, 13), array_out_mask=True)
    np.testing.assert_array_equal(values.ravel(), whole.reshape(-1, 4, 5)[:, rows, cols].ravel())
    np.testing.assert_array_equal(mask, whole_mask[rows, cols])


@pytest.mark.parametrize("mask", [None, False, np.False_], ids=repr)
def test_no_mask_is_returned_unless_asked_for(mask):
    assert call(array_out_mask=mask)[1] is None
    assert call(array_out=np.zeros((2, 4, 5)), array_out_mask=mask) == (None, None)


@pytest.mark.parametrize("mask", [True, np.True_], ids=repr)
def test_a_mask_beside_a_buffer_has_its_shape_and_is_0_around_the_block(mask):
    buffer = np.full((2, 6, 9), UNTOUCHED)
    want, want_mask = call(array_out_mask=True)
    none, found = call(array_out=buffer, array_out_mask=mask)
    assert none is None
    np.testing.assert_array_equal(found[:4, :5], want_mask)
    found[:4, :5] = 0
    assert found.shape == (6, 9)
    assert not found.any()
    np.testing.assert_array_equal(buffer[:, :4, :5], want)
    buffer[:, :4, :5] = UNTOUCHED
    assert (buffer == UNTOUCHED).all()


@kernels
@pytest.mark.parametrize("strided", [False, True])
def test_a_window_of_buffers_is_written_and_nothing_else(kernel, strided):
    want, want_mask = call(interp=kernel, array_out_mask=True, **EDGE)
    buffer = np.full((2, 8, 9), UNTOUCHED)
    mask = np.full((8, 18 if strided else 9), 77, "u1")[:, :: 2 if strided else 1]
    place = slice(3, 7), slice(2, 7)
    result = call(
        interp=kernel, array_out=buffer, array_out_mask=mask, array_out_win=np.array([[3, 6], [2, 6]]), **EDGE
    )
    assert result == (None, None)
    np.testing.assert_array_equal(buffer[:, *place], want)
    np.testing.assert_array_equal(mask[place], want_mask)
    buffer[:, *place], mask[place] = UNTOUCHED, 77
    assert (buffer == UNTOUCHED).all()
    assert (mask == 77).all()


def test_a_mask_buffer_beside_a_new_array_is_written_and_not_returned():
    mask = np.full((4, 5), 77, "u1")
    values, returned = call(array_out_mask=mask)
    assert returned is None
    np.testing.assert_array_equal(mask, call(array_out_mask=True)[1])
    np.testing.assert_array_equal(values, call()[0])


def test_a_buffer_of_two_axes_is_one_band():
    buffer = np.zeros((4, 5))
    call(array_in=IMAGE[:1], array_out=buffer)
    np.testing.assert_array_equal(buffer, call(array_in=IMAGE[0])[0])


def test_a_buffer_of_another_type_is_rounded_and_saturated():
    buffer = np.zeros((2, 4, 5), "i2")
    call(array_in=IMAGE * 1e4, array_out=buffer)
    want = np.clip(np.rint(call(array_in=IMAGE * 1e4)[0]), -(2**15), 2**15 - 1)
    np.testing.assert_array_equal(buffer, want.astype("i2"))


def frozen(shape, dtype="f8"):
    buffer = np.zeros(shape, dtype)
    buffer.flags.writeable = False
    return buffer


REFUSED = {
    "read-only": ({"array_out": frozen((2, 4, 5))}, BAD, "array_out.*writeable"),
    "in Fortran's order": ({"array_out": np.zeros((2, 4, 5), order="F")}, BAD, "array_out.*C-contiguous"),
    "of one axis": ({"array_out": np.zeros(40)}, BAD, r"array_out.*\(40,\)"),
    "of four axes": ({"array_out": np.zeros((1, 2, 4, 5))}, BAD, "array_out"),
    "a list": ({"array_out": [[0.0]]}, BAD, "array_out.*list"),
    "of other bands": ({"array_out": np.zeros((3, 4, 5))}, BAD, "array_out.*2 bands"),
    "of objects": ({"array_out": np.zeros((2, 4, 5), object)}, TYPE, "float64 to object"),
    "of complex numbers": ({"array_out": np.zeros((2, 4, 5), "c16")}, TYPE, "float64 to complex128"),
    "too small": ({"array_out": np.zeros((2, 3, 5))}, BAD, r"\(4, 5\).*array_out.*\(3, 5\)"),
    "window outside": (
        {"array_out": np.zeros((2, 9, 9)), "array_out_win": [[6, 9], [0, 4]]},
        BAD,
        "array_out_win.*9 rows and 9 columns",
    ),
    "window of another shape": (
        {"array_out": np.zeros((2, 9, 9)), "array_out_win": [[0, 4], [0, 4]]},
        BAD,
        r"array_out_win.*\(5, 5\).*\(4, 5\)",
    ),
    "nodata that it cannot hold": ({"array_out": np.zeros((2, 4, 5), "u1")}, BAD, "nodata_out=-9.0.*uint8"),
    "mask read-only": ({"array_out_mask": frozen((4, 5), "u1")}, BAD, "array_out_mask.*writeable"),
    "mask of floats": ({"array_out_mask": np.zeros((4, 5))}, TYPE, "array_out_mask.*float64"),
    "mask of booleans": ({"array_out_mask": np.zeros((4, 5), bool)}, TYPE, "array_out_mask.*bool"),
    "mask a number": ({"array_out_mask": 1}, TYPE, "array_out_mask.*1"),
    "mask a text": ({"array_out_mask": "yes"}, TYPE, "array_out_mask.*'yes'"),
    "mask of another shape": ({"array_out_mask": np.zeros((5, 4), "u1")}, BAD, r"array_out_mask.*\(4, 5\)"),
    "mask of the block beside a buffer": (
        {"array_out": np.zeros((2, 6, 9)), "array_out_mask": np.zeros((4, 5), "u1")},
        BAD,
        r"array_out_mask.*\(6, 9\)",
    ),
}


@pytest.mark.parametrize(("changes", "exception", "message"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("degenerate", [False, True])
def test_a_bad_buffer_is_refused(changes, exception, message, degenerate):
    if degenerate:
        changes = changes | {"grid_mask": np.zeros((4, 5), "u1")}
    with pytest.raises(exception, match=f"(?s){message}"):
        call(**changes)


ROOM = np.zeros(10_000)


def part(shape, start, dtype="f8"):
    """A contiguous part of one common memory, from its byte `start`."""
    stop = start + int(np.prod(shape)) * np.dtype(dtype).itemsize
    return ROOM.view("u1")[start:stop].view(dtype).reshape(shape)


SHARED = {
    "image": ({"array_in": part((2, 12, 13), 0), "array_out": part((2, 4, 5), 800)}, "array_out.*array_in"),
    "image itself": (
        {"array_in": part((2, 4, 5), 0), "array_out": part((2, 4, 5), 0)},
        "array_out.*array_in",
    ),
    "grid rows": ({"grid_row": part((4, 5), 0), "array_out": part((2, 4, 5), 152)}, "array_out.*grid_row"),
    "grid columns": ({"grid_col": part((4, 5), 0), "array_out": part((2, 4, 5), 0)}, "array_out.*grid_col"),
    "source mask": (
        {"array_in_mask": part((12, 13), 100, "u1"), "array_out": part((2, 4, 5), 0)},
        "array_out.*array_in_mask",
    ),
    "source mask, by the mask": (
        {"array_in_mask": part((12, 13), 0, "u1"), "array_out_mask": part((4, 5), 20, "u1")},
        "array_out_mask.*array_in_mask",
    ),
    "image, by the mask": (
        {"array_in": part((2, 12, 13), 0), "array_out_mask": part((4, 5), 64, "u1")},
        "array_out_mask.*array_in",
    ),
    "grid mask": (
        {"grid_mask": part((4, 5), 0, "u1"), "grid_mask_valid_value": 0, "array_out": part((2, 4, 5), 0)},
        "array_out.*grid_mask",
    ),
    "each other": (
        {"array_out": part((2, 4, 5), 0), "array_out_mask": part((4, 5), 40, "u1")},
        "array_out.*array_out_mask|array_out_mask.*array_out",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), SHARED.values(), ids=SHARED.keys())
def test_outputs_that_share_memory_with_another_argument_are_refused(arrays, message):
    with pytest.raises(InvalidInputError, match=message):
        call(**arrays)


def test_outputs_side_by_side_with_inputs_are_fine():
    room = np.zeros((5, 12, 13))
    room[::4] = IMAGE
    call(array_in=room[::4], array_out=room[1:3])
    np.testing.assert_array_equal(room[1:3, :4, :5], call()[0])
    np.testing.assert_array_equal(room[::4], IMAGE)


DEGENERATE = "^Grid metrics cannot be computed. Check your input grid data$"
NO_NODE = {
    "masked": {"grid_mask": np.zeros((4, 5), "u1")},
    "of no valid value": {"grid_mask": np.ones((4, 5), "u1"), "grid_mask_valid_value": 2},
    "nodata": {"grid_row": np.full((4, 5), -1.5), "grid_nodata": -1.5},
    "NaN": {"grid_row": np.full((4, 5), np.nan)},
    "infinite": {"grid_col": np.full((4, 5), np.inf)},
}


@kernels
@pytest.mark.parametrize("nodes", NO_NODE.values(), ids=NO_NODE.keys())
@pytest.mark.parametrize("resolution", [(1, 1), (3, 2)])
def test_a_grid_without_a_valid_node_is_nodata_and_a_warning(kernel, nodes, resolution):
    with pytest.warns(UserWarning, match=DEGENERATE) as caught:
        values, mask = call(interp=kernel, array_out_mask=True, grid_resolution=resolution, **nodes, **EDGE)
    assert [warning.filename for warning in caught] == [__file__]
    assert values.shape == (2, 3 * resolution[0] + 1, 4 * resolution[1] + 1)
    assert (values == -9).all()
    assert not mask.any()


def test_a_window_without_a_valid_node_is_nodata_and_a_warning():
    nodes = np.ones((4, 5), "u1")
    nodes[:2, :3] = 0
    with pytest.warns(UserWarning, match=DEGENERATE):
        values, mask = call(grid_mask=nodes, win=[[0, 1], [0, 2]], array_out_mask=True)
    assert (values == -9).all()
    assert not mask.any()
    assert call(grid_mask=nodes, win=[[0, 2], [0, 2]], array_out_mask=True)[1].any()


@pytest.mark.parametrize("node", list(np.ndindex(4, 5)), ids=str)
def test_one_valid_node_is_enough_wherever_it_stands(node):
    rows = np.full((4, 5), np.nan)
    rows[node] = 2.5
    found = np.zeros((4, 5), bool)
    found[node] = node != (0, 0)  # where the grid points out of the image
    values, mask = call(grid_row=rows, array_out_mask=True)
    np.testing.assert_array_equal(mask, found)
    np.testing.assert_array_equal(values != -9, np.broadcast_to(found, values.shape))


def test_a_grid_without_a_valid_node_fills_all_of_a_buffer_but_only_its_window():
    buffer, mask = np.full((2, 8, 9), UNTOUCHED), np.full((8, 9), 77, "u1")
    nodes = {"grid_mask": np.zeros((4, 5), "u1")}
    with pytest.warns(UserWarning, match=DEGENERATE):
        assert call(array_out=buffer, array_out_mask=mask, array_out_win=[[3, 6], [2, 6]], **nodes) == (
            None,
            None,
        )
    window = np.zeros((8, 9), bool)
    window[3:7, 2:7] = True
    np.testing.assert_array_equal(buffer, np.broadcast_to(np.where(window, -9, UNTOUCHED), buffer.shape))
    np.testing.assert_array_equal(mask, np.where(window, 0, 77))
    with pytest.warns(UserWarning, match=DEGENERATE):
        call(array_out=buffer, array_out_mask=mask, **nodes)
    assert (buffer == -9).all()
    assert not mask.any()


def test_without_standalone_a_grid_without_a_valid_node_is_nodata_without_a_warning(recwarn):
    values, mask = call(standalone=False, array_out_mask=True, grid_mask=np.zeros((4, 5), "u1"))
    assert (values == -9).all()
    assert not mask.any()
    assert not recwarn
