"""The part of a source that a grid needs; checked against GridR 0.6.0."""

import logging
import pickle

import numpy as np
import pytest
from gridr.core.grid import grid_resampling as reference
from gridr.core.interp.interpolator import get_interpolator
from hypothesis import given
from hypothesis import strategies as st

from gridr_dask import compat
from gridr_dask.errors import GridrError

IMAGE = np.zeros((10, 20))
NOTHING = None, None, None


class Margins:
    """An interpolator of which only the margins are asked."""

    def __init__(self, top, bottom, left, right):
        self.margins = top, bottom, left, right

    def total_margins(self):
        return self.margins


def metrics_of(x0, x1, y0, y1):
    """Metrics of which only the source bounds are asked."""
    metrics = compat.array_compute_resampling_grid_geometries(np.zeros((1, 2)), np.zeros((1, 2)), (1, 1))
    metrics.src_bounds = compat.GeometryBounds(x0, x1, y0, y1)
    return metrics


def as_lists(windows):
    return tuple(None if window is None else np.asarray(window).tolist() for window in windows)


ALL = [[0, 9], [0, 19]]


@pytest.mark.parametrize(
    ("bounds", "margin", "expected"),
    [
        ((2.2, 5.7, 3, 4), 2, ([[1, 6], [0, 8]], [[1, 6], [0, 8]], [[0, 0], [0, 0]])),
        ((-3.5, 5, 1, 12.3), 2, ([[0, 9], [0, 7]], [[-1, 11], [-2, 7]], [[1, 2], [2, 0]])),
        ((0, 19, 0, 9), 1, (ALL, [[-1, 10], [-1, 20]], [[1, 1], [1, 1]])),
        ((-0.4, -0.1, 2, 3), 1, NOTHING),
        ((-0.4, 0.1, 2, 3), 1, ([[1, 4], [0, 2]], [[1, 4], [-1, 2]], [[0, 0], [1, 0]])),
        ((19.01, 25, 2, 3), 1, NOTHING),
        ((19.0, 25, 2, 3), 1, ([[1, 4], [18, 19]], [[1, 4], [18, 20]], [[0, 0], [0, 1]])),
        ((-100, 200, -100, 200), 3, (ALL, [[-3, 12], [-3, 22]], [[3, 3], [3, 3]])),
        ((2.2, 5.7, 3, 4), [[1, 2], [3, 4]], ([[2, 6], [0, 10]], [[2, 6], [-1, 10]], [[0, 0], [1, 0]])),
        ((-1e300, 1e300, 2, 3), 0, ([[2, 3], [0, 19]], [[2, 3], [0, 19]], [[0, 0], [0, 0]])),
    ],
)
def test_the_window_to_read(bounds, margin, expected):
    margins = np.broadcast_to(margin, (2, 2))
    assert as_lists(compat.read_win_from_grid_metrics(metrics_of(*bounds), IMAGE, margins)) == expected


@given(
    seed=st.integers(0, 2**32 - 1),
    interp=st.sampled_from(["nearest", "linear", "cubic", "bspline3"]),
    masked=st.booleans(),
    safecheck=st.booleans(),
)
def test_extents_as_the_reference(seed, interp, masked, safecheck):
    rng = np.random.default_rng(seed)
    nodes, resolution = tuple(rng.integers(2, 6, 2)), tuple(rng.integers(1, 4, 2).tolist())
    rows = rng.uniform(-15, 25) + rng.uniform(0, 12, nodes)
    cols = rng.uniform(-15, 35) + rng.uniform(0, 12, nodes)
    mask = rng.integers(0, 2, nodes).astype("u1") if masked else None
    full = compat.grid_full_resolution_shape(nodes, resolution)
    win = np.sort([rng.integers(0, n, 2) for n in full], axis=1) if seed % 2 else None
    options = {"epsilon": 1e-3, "mask_influence_threshold": 0.1} if interp == "bspline3" else {}
    interpolator = get_interpolator(interp, **options)
    interpolator.initialize()
    arguments = (interpolator, np.zeros((2, 10, 20)), rows, cols, resolution, None, mask, 1, win, safecheck)
    *mine, metrics = compat.calculate_source_extent(*arguments)
    *theirs, other = reference.calculate_source_extent(*arguments, logger=logging.getLogger("gridr"))
    assert as_lists(mine) == as_lists(theirs)
    assert (metrics is None) == (other is None)
    if metrics is not None:
        for name in ("xmin", "xmax", "ymin", "ymax"):
            assert getattr(metrics.src_bounds, name) == getattr(other.src_bounds, name)


def test_interior_nodes_count_and_are_told(caplog):
    rows, cols = np.mgrid[0:3, 0:3].astype(float)
    rows[1, 1] = 8
    arguments = (Margins(0, 0, 0, 0), IMAGE, rows, cols, (1, 1), None, None)
    logger = logging.getLogger("test")
    *windows, metrics = compat.calculate_source_extent(
        *arguments, logger=logger, logger_msg_prefix="tile 7: "
    )
    assert windows[0].tolist() == [[0, 8], [0, 2]]
    assert metrics.src_bounds.ymax == 8
    assert [record.getMessage()[:8] for record in caplog.records] == ["tile 7: "]
    border = compat.calculate_source_extent(*arguments, safecheck_src_boundaries=False)
    assert border[0].tolist() == [[0, 2], [0, 2]]


def test_only_the_nodes_of_the_window_count():
    rows, cols = np.mgrid[0:3, 0:3] * 4.0
    rows[2] = np.nan
    *windows, metrics = compat.calculate_source_extent(
        Margins(1, 2, 3, 4), IMAGE, rows, cols, (2, 2), None, None, win=[[0, 1], [2, 2]]
    )
    assert as_lists(windows) == ([[0, 6], [1, 12]], [[-1, 6], [1, 12]], [[1, 0], [0, 0]])
    assert metrics.dst_bounds == compat.GeometryBounds(1, 2, 0, 1)


def test_a_grid_without_a_valid_node_has_no_extent():
    nothing = np.full((2, 2), np.nan)
    got = compat.calculate_source_extent(Margins(1, 1, 1, 1), IMAGE, nothing, nothing, (1, 1), None, None)
    assert got == (None, None, None, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"win": [[0, 3], [0, 0]]}, "win"),
        ({"win": [[-1, 1], [0, 0]]}, "win"),
        ({"win": [[1, 0], [0, 0]]}, "win"),
        ({"grid_mask": np.ones((2, 2), "u1"), "grid_nodata": 0}, "grid_mask"),
        ({"grid_row": np.zeros(2)}, "grid_row"),
        ({"grid_resolution": (0, 1)}, "resolution"),
    ],
)
def test_a_wrong_argument_is_named(change, named):
    arguments = {
        "interp": Margins(1, 1, 1, 1),
        "array_in": IMAGE,
        "grid_row": np.zeros((2, 2)),
        "grid_col": np.zeros((2, 2)),
        "grid_resolution": (2, 2),
        "grid_nodata": None,
        "grid_mask": None,
    }
    with pytest.raises(ValueError, match=named):
        compat.calculate_source_extent(**(arguments | change))


def test_bounds_must_be_finite_and_the_source_flat():
    with pytest.raises(ValueError, match="not finite"):
        compat.read_win_from_grid_metrics(metrics_of(0, np.nan, 0, 1), IMAGE, np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="array_src_profile_2d"):
        compat.read_win_from_grid_metrics(metrics_of(0, 1, 0, 1), IMAGE[None], np.zeros((2, 2), int))


def test_the_error_of_a_grid_without_metrics_travels():
    error = pickle.loads(pickle.dumps(compat.GridMetricsError()))
    assert isinstance(error, ValueError)
    assert isinstance(error, GridrError)
    assert (str(error), error.code) == ("grid metrics error", "grid-metrics")
