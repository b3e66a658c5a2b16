"""Stored results of GridR 0.6.0 for windows, chunks, conversions and padding (tests/vectors/utils.json).

Where we answer differently on purpose, `RECOMMENDED` holds our answer and the reason.
"""

import builtins
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from gridr_dask import compat
from gridr_dask.errors import GridrError

FILE = Path(__file__).parents[1] / "vectors" / "utils.json"
VECTORS = json.loads(FILE.read_text())

HEADERS = {"reference", "format"}

NOT_HERE = {
    "read_tile_edges": "reads raster files",
}

RECOMMENDED = {
    # GridR has no float32 or float64 array conditioned on itself, and fails for other pairs of types.
    "array_replace-9": [[0, 9, 0], [9, 0, 9]],
    "array_replace-10": [[0, 9, 0], [9, 0, 9]],
    "array_replace-11": [[9, 0, 9], [0, 9, 9]],
    "array_add-6": [[1, 2.5, 7], [2.5, 3, 2.5]],
    # GridR rounds floats that stay floats.
    "array_convert-9": [np.float32(1.23), np.float32(2.7), -1.5],
}

OURS = {"Exception": ValueError, "AssertionError": ValueError}
"""Our exception where GridR's class is too general; else ours is of GridR's class."""


def cases():
    for function, content in VECTORS.items():
        if function in HEADERS or function in NOT_HERE:
            continue
        if isinstance(content, dict):
            for source, row in content.items():
                for target, expected in row.items():
                    case = {"source": source, "target": target, "expected": expected}
                    yield pytest.param(function, case, id=f"{function}-{source}-{target}")
            continue
        for number, case in enumerate(content):
            yield pytest.param(function, case, id=f"{function}-{number}")


CASES = list(cases())


def as_json(value):
    """Arrays as lists, slices as pairs, NaN as None."""
    if isinstance(value, np.ndarray):
        return as_json(value.tolist())
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, slice):
        return [value.start, value.stop]
    return None if value != value else value


def in_place(function, array, *args, **kwargs):
    function(array, *args, **kwargs)
    return array


def changed(function, case, *values):
    condition = case["array_cond"]
    if condition is not None:
        condition = np.array(condition, case["array_cond_dtype"])
    array = np.array(case["array"], case["dtype"])
    return in_place(function, array, *values, condition, case["array_cond_val"], case["win"])


def converted(case):
    source = np.array([np.nan if value is None else value for value in case["values"]], case["in_dtype"])
    kept = source.copy()
    target = np.zeros(source.shape, case["out_dtype"])
    options = {key: case[key] for key in ("clip", "rounding_method") if key in case}
    compat.array_convert(source, target, **options)
    np.testing.assert_array_equal(source, kept)
    return target


def padded(case):
    buffer = np.full(case["buffer_shape"], -1)
    place = tuple(slice(*bounds) for bounds in case["src_slices"])
    buffer[place] = np.arange(1, 1 + buffer[place].size).reshape(buffer[place].shape)
    return in_place(compat.pad_inplace, buffer, place, case["pad_width"], case["mode"], **case["params"])


def grid_windows(case):
    resolution, win = case["resolution"], case["window"]
    plain = compat.grid_resolution_window(resolution, win)
    return [*plain, *compat.grid_resolution_window_safe(resolution, win, case["grid_shape"])]


def rio_window(case):
    win = compat.as_rio_window(case["window"])
    assert compat.from_rio_window(win).tolist() == case["window"]
    return [win.row_off, win.col_off, win.height, win.width]


PLAY = {
    "window_check": lambda c: compat.window_check(np.empty(c["shape"]), c["window"]),
    "window_overflow": lambda c: compat.window_overflow(np.empty(c["shape"]), c["window"]),
    "window_shape": lambda c: compat.window_shape(c["window"]),
    "window_indices": lambda c: compat.window_indices(c["window"], c["reset_origin"]),
    "complementary_window_indices": lambda c: compat.complementary_window_indices(c["window"], c["shape"]),
    "window_shift": lambda c: compat.window_shift(c["window"], c["shift"]),
    "window_extend": lambda c: compat.window_extend(c["window"], c["extent"], c["reverse"]),
    "window_from_chunk": lambda c: compat.window_from_chunk(c["chunk"], c["origin"]),
    "as_rio_window": rio_window,
    "get_chunk_boundaries": lambda c: compat.get_chunk_boundaries(
        c["nsize"], c["chunk_size"], c["merge_last"]
    ),
    "get_chunk_shapes": lambda c: compat.get_chunk_shapes(c["shape"], c["chunk_shape"], c["merge_last"]),
    "array_replace": lambda c: changed(compat.array_replace, c, c["val_cond"], c["val_true"], c["val_false"]),
    "array_add": lambda c: changed(compat.array_add, c, c["val_cond"], c["val_add"], c["add_on_true"]),
    "array_convert": converted,
    "is_clip_required": lambda c: compat.is_clip_required(c["source"], c["target"]),
    "is_clip_to_dtype_limits_safe": lambda c: compat.is_clip_to_dtype_limits_safe(c["source"], c["target"]),
    "pad_inplace": padded,
    "grid_resolution_window": grid_windows,
    "grid_full_resolution_shape": lambda c: compat.grid_full_resolution_shape(c["shape"], c["resolution"]),
}


def expectation(function, case):
    if function == "grid_resolution_window":
        return [case[key] for key in ("grid_win", "rel_win", "safe_grid_win", "safe_rel_win")]
    if function == "as_rio_window":
        return [case[key] for key in ("row_off", "col_off", "height", "width")]
    return case["expected"]


@pytest.mark.parametrize(("function", "case"), CASES)
def test_a_stored_result_is_reproduced(function, case, request):
    name = request.node.callspec.id
    if name in RECOMMENDED:
        assert as_json(PLAY[function](case)) == as_json(RECOMMENDED[name])
    elif "error" in case:
        kind = OURS.get(case["error"]) or getattr(builtins, case["error"])
        with pytest.raises(GridrError) as caught:
            PLAY[function](case)
        assert isinstance(caught.value, kind)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert as_json(PLAY[function](case)) == expectation(function, case)


def test_every_part_of_the_file_is_replayed_or_named():
    replayed = {case.values[0] for case in CASES}
    assert replayed == set(PLAY)
    assert replayed | NOT_HERE.keys() | HEADERS == VECTORS.keys()
    assert RECOMMENDED.keys() <= {case.id for case in CASES}
