"""Shape and spacing of grids, and the nodes that a target window needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask.errors import InvalidInputError
from gridr_dask.geometry import Grid, Window

steps = st.integers(1, 12)
counts = st.integers(2, 9)


@pytest.mark.parametrize(
    ("shape", "resolution", "want"),
    [
        ((3, 4), (2, 5), (5, 16)),
        ((1, 1), (1, 1), (1, 1)),
        ((7, 9), (1, 1), (7, 9)),
        ((2, 1), (10, 1), (11, 1)),
    ],
)
def test_the_target_ends_at_the_last_node(shape, resolution, want):
    assert Grid(shape, resolution).target_shape == want


@pytest.mark.parametrize(
    ("shape", "resolution", "message"),
    [
        ((1, 5), (2, 1), "insufficient grid coverage along rows.*resolution 2"),
        ((5, 1), (1, 3), "insufficient grid coverage along columns.*resolution 3"),
        ((1, 1), (2, 2), "insufficient grid coverage along rows"),
        ((0, 5), (1, 1), "no node along rows"),
        ((5, 0), (1, 1), "no node along columns"),
        ((5, 5), (0, 1), "grid_resolution along rows is 0"),
        ((5, 5), (1, -2), "grid_resolution along columns is -2"),
        ((5, 5), (2**24 + 1, 1), "grid_resolution along rows is 16777217"),
    ],
)
def test_a_grid_that_leaves_nothing_to_interpolate_is_refused(shape, resolution, message):
    with pytest.raises(InvalidInputError, match=message):
        Grid(shape, resolution)


@st.composite
def grids_and_windows(draw):
    grid = Grid((draw(counts), draw(counts)), (draw(steps), draw(steps)))
    spans = []
    for size in grid.target_shape:
        start = draw(st.integers(0, size - 1))
        spans.append((start, draw(st.integers(start + 1, size))))
    return grid, Window(*spans)


@given(grids_and_windows())
def test_the_nodes_of_a_window_are_those_with_a_weight_in_it(drawn):
    grid, window = drawn
    needed = grid.nodes_of(window)
    for pixels, nodes, step in zip(
        (window.rows, window.cols), (needed.rows, needed.cols), grid.resolution, strict=True
    ):
        used = set()
        for pixel in range(*pixels):
            node, rest = divmod(pixel, step)
            used |= {node, node + 1} if rest else {node}
        assert nodes == (min(used), max(used) + 1)


@given(grids_and_windows())
def test_the_nodes_of_a_window_lie_in_the_grid(drawn):
    grid, window = drawn
    needed = grid.nodes_of(window)
    assert 0 <= needed.rows[0] < needed.rows[1] <= grid.shape[0]
    assert 0 <= needed.cols[0] < needed.cols[1] <= grid.shape[1]
