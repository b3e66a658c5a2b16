"""Parts that do not fit together, given to the compute room: named errors, never a crash."""

import numpy as np
import pytest

from gridr_dask.compute import Blocks, Nodes, resample_window
from gridr_dask.errors import CoverageError, GridrError, InvalidInputError, UnsupportedDtypeError
from gridr_dask.geometry import Window
from tests.scenes import kernel_named

SOURCE = np.arange(42.0).reshape(6, 7)
ROWS, COLS = np.mgrid[1:4.0, 1:5.0]
FILL = np.float64(-1)


def run(source=None, nodes=None, target=None, kernel="linear", fill=FILL, threads=1):
    return resample_window(
        Blocks.whole(SOURCE) if source is None else source,
        Nodes(ROWS, COLS) if nodes is None else nodes,
        Window((0, 3), (0, 4)) if target is None else target,
        kernel_named(kernel),
        fill=fill,
        with_valid=True,
        threads=threads,
    )


def test_the_parts_that_the_other_tests_break_fit_together():
    values, valid = run()
    np.testing.assert_array_equal(values, SOURCE[1:4, 1:5])
    assert valid.all()


def half(**changes):
    """The upper half of the source, with some attributes changed."""
    parts = {"arrays": [SOURCE[:3]], "rows": [(0, 3)], "cols": [(0, 7)], "shape": (6, 7)}
    return Blocks(**(parts | changes))


SOURCES = {
    "no block": (half(arrays=[], rows=[], cols=[]), "block"),
    "more blocks than spans": (half(arrays=[SOURCE[:3]] * 2), "source blocks.*1 x 1.*2 blocks"),
    "fewer blocks than spans": (half(rows=[(0, 3), (3, 6)]), "source blocks.*2 x 1.*1 blocks"),
    "span of another size": (half(rows=[(0, 4)]), r"source block.*\[0, 4\)"),
    "negative span": (half(rows=[(-3, 0)]), r"source"),
    "backward span": (half(rows=[(3, 0)]), r"source spans.*ascending.*\(3, 0\)"),
    "overlapping spans": (
        half(arrays=[SOURCE[:3], SOURCE[2:5]], rows=[(0, 3), (2, 5)]),
        r"source spans.*disjoint.*\(2, 5\)",
    ),
    "descending spans": (
        half(arrays=[SOURCE[3:], SOURCE[:3]], rows=[(3, 6), (0, 3)]),
        r"source spans.*ascending",
    ),
    "blocks past the source": (half(shape=(2, 7)), "source blocks.*2 x 7"),
    "negative shape": (half(shape=(-1, 7)), "source size = -1"),
    "huge shape": (half(shape=(6, 2**40)), "source size = 1099511627776"),
    "huge origin": (half(origin=(0, 2**40)), "source_origin = 1099511627776"),
    "two types": (
        half(arrays=[SOURCE[:, :3], SOURCE[:, 3:].astype("f4")], rows=[(0, 6)], cols=[(0, 3), (3, 7)]),
        "source block",
    ),
    "two numbers of bands": (
        half(
            arrays=[SOURCE[None, :, :3], np.stack([SOURCE[:, 3:]] * 2)],
            rows=[(0, 6)],
            cols=[(0, 3), (3, 7)],
        ),
        "source block.*1 planes.*2 planes",
    ),
}


@pytest.mark.parametrize(("source", "message"), SOURCES.values(), ids=SOURCES.keys())
def test_a_source_whose_parts_do_not_fit_is_refused(source, message):
    with pytest.raises(InvalidInputError, match=message):
        run(source)


@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", "c8"])
def test_a_sample_that_is_missing_is_reported_not_guessed(isa, kernel, dtype):
    source = half(arrays=[SOURCE[:3].astype(dtype)])
    nodes = Nodes(ROWS + 0.4, COLS)
    with pytest.raises(CoverageError, match=r"source sample \(3, 1\) is needed") as caught:
        run(source, nodes, kernel=kernel, fill=np.zeros((), dtype)[()])
    assert caught.value.code == "uncovered"


def test_a_hole_between_blocks_is_reported():
    source = half(arrays=[SOURCE[:2], SOURCE[4:]], rows=[(0, 2), (4, 6)])
    with pytest.raises(CoverageError, match=r"\(2, 1\)"):
        run(source)


def test_blocks_that_no_position_needs_may_be_missing():
    values, _ = run(half(), Nodes(ROWS[:2], COLS[:2]), Window((0, 2), (0, 4)))
    np.testing.assert_array_equal(values, SOURCE[1:3, 1:5])


GRIDS = {
    "too few rows": (Nodes(ROWS[:2], COLS[:2]), r"target rows \[0, 3\).*nodes rows \[0, 2\)"),
    "first node too late": (Nodes(ROWS, COLS, (1, 0)), r"nodes rows \[1, 4\)"),
    "negative first node": (Nodes(ROWS, COLS, (-1, 0)), "first node = -1"),
    "huge first node": (Nodes(ROWS, COLS, (0, 2**62)), "first node = 4611686018427387904"),
    "resolution 0": (Nodes(ROWS, COLS, (0, 0), (0, 1)), "grid_resolution = 0"),
    "negative resolution": (Nodes(ROWS, COLS, (0, 0), (1, -2)), "grid_resolution = -2"),
    "huge resolution": (Nodes(ROWS, COLS, (0, 0), (2**24 + 1, 1)), "grid_resolution = 16777217"),
    "one row at resolution 2": (Nodes(ROWS[:1], COLS[:1], (0, 0), (2, 1)), "needs grid nodes"),
    "two shapes": (Nodes(ROWS, COLS[:, :2]), r"grid columns.*\(3, 4\).*\(3, 2\)"),
    "no axes": (Nodes(np.zeros(()), COLS), "grid rows"),
    "one axis": (Nodes(ROWS[0], COLS[0]), "grid rows.*axes"),
    "complex": (Nodes(ROWS + 0j, COLS), "grid"),
    "several planes": (Nodes(np.stack([ROWS] * 2), np.stack([COLS] * 2)), "grid columns"),
    "empty": (Nodes(ROWS[:0], COLS[:0]), "needs grid nodes"),
}


@pytest.mark.parametrize(("nodes", "message"), GRIDS.values(), ids=GRIDS.keys())
def test_nodes_that_do_not_serve_the_target_are_refused(nodes, message):
    with pytest.raises(InvalidInputError, match=message):
        run(nodes=nodes)


@pytest.mark.parametrize("dtype", ["i8", "?", "f2", "M8[s]"])
def test_nodes_of_other_types_are_refused(dtype):
    with pytest.raises(UnsupportedDtypeError):
        run(nodes=Nodes(np.zeros((3, 4), dtype), COLS))


TARGETS = {
    "negative": (Window((-1, 2), (0, 4)), "target window = -1"),
    "past the nodes": (Window((0, 4), (0, 4)), "needs grid nodes"),
    "far past the nodes": (Window((2**39, 2**39 + 3), (0, 4)), "needs grid nodes"),
    "huge": (Window((2**41, 2**41 + 3), (0, 4)), "target window = 2199023255552"),
}


@pytest.mark.parametrize(("target", "message"), TARGETS.values(), ids=TARGETS.keys())
def test_a_target_outside_of_the_nodes_is_refused(target, message):
    with pytest.raises(InvalidInputError, match=message):
        run(target=target)


@pytest.mark.parametrize("target", [Window((1, 1), (0, 4)), Window((0, 3), (2, 2))], ids=str)
def test_an_empty_target_is_an_empty_result(target):
    values, valid = run(target=target)
    assert values.shape == valid.shape == target.shape


def test_a_backward_target_is_refused():
    with pytest.raises(ValueError, match="negative"):
        run(target=Window((3, 0), (0, 4)))


@pytest.mark.parametrize(("source", "fill"), [("f8", "c16"), ("c16", "f8"), ("c8", "u1")])
def test_types_without_common_arithmetic_are_refused(source, fill):
    with pytest.raises(GridrError):
        run(Blocks.whole(SOURCE.astype(source)), fill=np.zeros((), fill)[()])


@pytest.mark.parametrize("shape", [(0, 7), (6, 0), (0, 0)], ids=str)
@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic"])
def test_an_empty_source_gives_nodata(kernel, shape):
    values, valid = run(Blocks.whole(np.zeros(shape)), kernel=kernel)
    assert (values == -1).all()
    assert not valid.any()


def test_without_source_blocks_everything_may_lie_outside():
    empty = Blocks([SOURCE[:0]], [(0, 0)], [(0, 7)], (6, 7))
    values, valid = run(empty, Nodes(ROWS + 100, COLS))
    assert (values == -1).all()
    assert not valid.any()


@pytest.mark.parametrize("threads", [-1, 2**70, 1.5, None], ids=repr)
def test_a_number_of_threads_is_a_number(threads):
    with pytest.raises((TypeError, OverflowError)):
        run(threads=threads)
