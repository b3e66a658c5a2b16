"""The extension itself, called with nonsense: it checks what memory safety needs, and never crashes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gridr_dask
from gridr_dask import _core  # noqa: TID251 - the extension is what is tested here
from gridr_dask.errors import GridrError, InvalidInputError, UnsupportedDtypeError

SOURCE = np.arange(42.0).reshape(1, 6, 7)
ROWS, COLS = np.mgrid[1:4.0, 1:5.0]


def call(out=None, **changes):
    """Resample a small image linearly, with some arguments changed; returns the output."""
    given = {
        "blocks": [SOURCE],
        "rows": [(0, 6)],
        "cols": [(0, 7)],
        "shape": (6, 7),
        "origin": (0, 0),
        "mask": None,
        "bands": None,
        "boundary": "none",
        "safe": None,
        "nodes": (ROWS, COLS),
        "first": (0, 0),
        "resolution": (1, 1),
        "shift": (0.0, 0.0),
        "target": (0, 3, 0, 4),
        "valid": None,
        "fill": np.full((1, 1, 1), -1.0),
        "kernel": "linear",
        "epsilon": 1.0,
        "influence": (0, 0),
        "prefiltered": False,
        "threads": 1,
        "isa": None,
    }
    assert changes.keys() <= given.keys()
    given |= changes
    out = np.zeros((1, 3, 4)) if out is None else out

    def pick(*names):
        return {name: given[name] for name in names}

    _core.resample(
        source=pick("blocks", "rows", "cols"),
        mask=given["mask"],
        bands=given["bands"],
        frame=pick("shape", "origin", "boundary", "safe") | {"trusted": True},
        grid=pick("first", "resolution", "shift") | dict(zip(("rows", "cols"), given["nodes"], strict=True)),
        target=given["target"],
        out={"values": out, **pick("valid", "fill")},
        how=pick("kernel", "epsilon", "influence", "prefiltered", "threads", "isa"),
    )
    return out


def mask(block, rows=((0, 6),), cols=((0, 7),), name="mask"):
    return {name: {"blocks": [block], "rows": list(rows), "cols": list(cols)}}


def read_only(array):
    array.flags.writeable = False
    return array


def misaligned(dtype, shape):
    size = np.dtype(dtype).itemsize * int(np.prod(shape))
    return np.zeros(size + 1, np.uint8)[1:].view(dtype).reshape(shape)


def test_the_call_that_the_other_tests_break_works():
    np.testing.assert_array_equal(call()[0], SOURCE[0, 1:4, 1:5])


BROKEN = {
    "out of another shape": {"out": np.zeros((1, 3, 5))},
    "out with more planes": {"out": np.zeros((2, 3, 4))},
    "out without planes": {"out": np.zeros((0, 3, 4))},
    "out of one axis": {"out": np.zeros(12)},
    "out of no axes": {"out": np.zeros(())},
    "out read-only": {"out": read_only(np.zeros((1, 3, 4)))},
    "out broadcast": {"out": np.broadcast_to(np.zeros(()), (1, 3, 4))},
    "out misaligned": {"out": misaligned("f8", (1, 3, 4))},
    "out big-endian": {"out": np.zeros((1, 3, 4), ">f8")},
    "out complex": {"out": np.zeros((1, 3, 4), "c16")},
    "out objects": {"out": np.zeros((1, 3, 4), "O")},
    "out of texts": {"out": np.zeros((1, 3, 4), "S8")},
    "out and fill differ": {"fill": np.zeros((1, 1, 1), "f4")},
    "fill with more planes": {"fill": np.zeros((2, 1, 1))},
    "fill empty": {"fill": np.zeros((1, 0, 0))},
    "fill a scalar": {"fill": np.zeros(())},
    "valid of another shape": {"valid": np.zeros((3, 5), bool)},
    "valid with two planes": {"valid": np.zeros((2, 3, 4), bool)},
    "valid of bytes": {"valid": np.zeros((3, 4), "u1")},
    "valid read-only": {"valid": read_only(np.zeros((3, 4), bool))},
    "source misaligned": {"blocks": [misaligned("f8", (1, 6, 7))]},
    "source big-endian": {"blocks": [SOURCE.astype(">f8")]},
    "source of half floats": {"blocks": [SOURCE.astype("f2")]},
    "source of objects": {"blocks": [SOURCE.astype("O")]},
    "source of odd strides": {"blocks": [np.zeros((1, 6, 7), "u1,f8")["f1"]]},
    "source of one axis": {"blocks": [SOURCE.ravel()]},
    "source of two planes": {"blocks": [np.concatenate([SOURCE] * 2)]},
    "no block for a span": {"blocks": []},
    "block of another shape": {"blocks": [SOURCE[:, :3]]},
    "spans that overlap": {"blocks": [SOURCE[:, :3]] * 2, "rows": [(0, 3), (2, 5)]},
    "spans below 0": {"rows": [(-6, 0)]},
    "spans backward": {"rows": [(6, 0)]},
    "spans far away": {"rows": [(2**62, 2**62 + 6)]},
    "spans of all": {"rows": [(0, 2**63 - 1)]},
    "spans from end to end": {"rows": [(-(2**63), 2**63 - 1)]},
    "shape below 0": {"shape": (-6, 7)},
    "shape smaller than the block": {"shape": (5, 7)},
    "shape huge": {"shape": (2**63 - 1, 7)},
    "origin huge": {"origin": (-(2**63), 2**63 - 1)},
    "nodes of integers": {"nodes": (ROWS.astype(int), COLS)},
    "nodes of two shapes": {"nodes": (ROWS, COLS[:2])},
    "nodes missing": {"nodes": (ROWS[:2], COLS[:2])},
    "nodes empty": {"nodes": (ROWS[:0], COLS[:0])},
    "nodes misaligned": {"nodes": (misaligned("f8", (3, 4)), COLS)},
    "first node below 0": {"first": (-1, 0)},
    "first node huge": {"first": (2**63 - 1, 0)},
    "resolution 0": {"resolution": (0, 1)},
    "resolution below 0": {"resolution": (1, -(2**63))},
    "resolution huge": {"resolution": (2**63 - 1, 1)},
    "target below 0": {"target": (-3, 0, 0, 4)},
    "target past the nodes": {"target": (1, 4, 0, 4)},
    "target backward": {"target": (3, 0, 4, 0)},
    "target huge": {"target": (0, 2**63 - 1, 0, 4)},
    "target from end to end": {"target": (-(2**63), 2**63 - 1, 0, 4)},
    "mask of floats": mask(np.ones((6, 7))),
    "mask of another shape": mask(np.ones((5, 7), bool)),
    "mask past the source": mask(np.ones((8, 7), bool), rows=[(0, 8)]),
    "mask of two planes": mask(np.ones((2, 6, 7), bool)),
    "mask that lacks a row": mask(np.ones((2, 7), bool), rows=[(0, 2)]),
    "validity of floats": mask(np.ones((1, 6, 7)), name="bands"),
    "validity of more bands": mask(np.ones((3, 6, 7), bool), name="bands"),
    "validity of another shape": mask(np.ones((1, 6, 6), bool), name="bands"),
    "boundary unknown": {"boundary": "mirror"},
    "epsilon 0": {"kernel": "bspline3", "epsilon": 0.0},
    "epsilon NaN": {"kernel": "bspline3", "epsilon": np.nan},
    "influence huge": {"kernel": "bspline3", "influence": (2**32 - 1, 2**32 - 1)},
    "kernel unknown": {"kernel": "sinc"},
    "kernel empty": {"kernel": ""},
    "instruction set unknown": {"isa": "sse9"},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_nonsense_is_refused_and_nothing_is_written(changes):
    out = changes.get("out")
    before = None if out is None or out.dtype.hasobject else out.tobytes()
    with pytest.raises(GridrError) as caught:
        call(**changes)
    assert caught.value.code
    assert before is None or out.tobytes() == before


@pytest.mark.parametrize(
    ("changes", "exception", "message"),
    [
        ({"out": read_only(np.zeros((1, 3, 4)))}, InvalidInputError, "output is read-only"),
        ({"blocks": [SOURCE.astype(">f8")]}, UnsupportedDtypeError, "source of type >f8"),
        ({"shape": (-6, 7)}, InvalidInputError, "source size = -6"),
        ({"kernel": "sinc"}, InvalidInputError, '"sinc"; known: nearest, linear, cubic'),
        ({"isa": "sse9"}, InvalidInputError, '"sse9".*available: portable'),
        ({"out": np.zeros((1, 3, 5))}, InvalidInputError, r"output: expected \(3, 4\), got \(3, 5\)"),
    ],
    ids=["read-only", "byte order", "size", "kernel", "instruction set", "shape"],
)
def test_a_refusal_names_the_argument_and_its_value(changes, exception, message):
    with pytest.raises(exception, match=message):
        call(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 5},
        {"nodes": ("rows", "cols")},
        {"nodes": (None, None)},
        {"blocks": ["source"]},
        {"blocks": [[[1.0]]]},
        {"out": [[0.0]]},
        {"threads": -1},
        {"threads": 2**64},
        {"threads": "two"},
        {"kernel": 3},
        {"kernel": "\ud800"},
        {"isa": 512},
        {"target": (0, 3, 0)},
        {"target": (0.0, 3.0, 0.0, 4.0)},
        {"target": (0, 2**63, 0, 4)},
        {"origin": (0, 2**64)},
        {"rows": [(0, 1, 2)]},
        {"rows": [None]},
    ],
    ids=repr,
)
def test_arguments_of_other_types_are_refused(changes):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        call(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"target": (0, 0, 0, 4), "out": np.zeros((1, 0, 4))},
        {"target": (2**40, 2**40, 5, 5), "out": np.zeros((1, 0, 0))},
        {"target": (0, 0, 0, 4), "out": np.zeros((1, 0, 4)), "nodes": (ROWS[:0], COLS[:0])},
        {"blocks": [SOURCE[:0]], "out": np.zeros((0, 3, 4)), "fill": np.zeros((0, 1, 1))},
        {"blocks": [], "rows": [], "cols": [], "nodes": (ROWS + 100, COLS)},
        {"threads": 0},
        {"threads": 1000},
        {"out": np.zeros((1, 6, 8))[:, ::-2, ::-2]},
        {"out": np.zeros((4, 3, 1)).T},
    ],
    ids=[
        "no rows",
        "no pixels",
        "no rows and no nodes",
        "no planes",
        "no blocks and none needed",
        "no threads",
        "many threads",
        "out backward",
        "out transposed",
    ],
)
def test_odd_but_sound_arguments_work(changes):
    result = call(**changes)
    sees_source = changes.get("nodes", (ROWS,))[0] is ROWS
    if result.size:
        want = SOURCE[0, 1:4, 1:5] if sees_source else np.full((3, 4), -1.0)
        np.testing.assert_array_equal(result[0], want)


@pytest.mark.parametrize(
    "changes",
    [
        {"shift": (np.nan, np.inf)},
        {"safe": (5, 2, 0, 7)} | mask(np.zeros((6, 7), bool)),
        {"safe": (-(2**63), 2**63 - 1, 0, 7)} | mask(np.zeros((6, 7), bool)),
        {"kernel": "bspline11", "epsilon": 1e-300},
        {"kernel": "bspline3", "influence": (2**20, 2**20)},
    ],
    ids=["shift", "backward safe window", "huge safe window", "tiny epsilon", "wide influence"],
)
def test_odd_numbers_do_no_harm(changes):
    assert call(**changes).shape == (1, 3, 4)


@pytest.mark.parametrize("dtype", ["?", "u1", "i4", "u8", "f4", "f8"])
@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic"])
def test_what_only_splines_look_at_changes_nothing_for_others(kernel, dtype):
    source = [(SOURCE[::-1] * 1000).astype(dtype)]
    nodes = ROWS + 0.25, COLS + 0.5
    plain, odd = (
        call(blocks=source, nodes=nodes, kernel=kernel, prefiltered=given, epsilon=epsilon)
        for given, epsilon in ((False, 1.0), (True, 1e-3))
    )
    np.testing.assert_array_equal(odd, plain)


def in_another_process(*arguments):
    """Run Python with the package under test, in a process that may be brought down."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(gridr_dask.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_a_source_of_more_planes_than_memory_is_refused():
    code = """
import numpy as np
from gridr_dask import _core
from gridr_dask.errors import GridrError
nodes, pixel = np.zeros((1, 1)), (0, 1)
for planes in (2**40, 2**59):
    source = np.broadcast_to(np.zeros(()), (planes, 1, 1))
    try:
        _core.resample(
            source={"blocks": [source], "rows": [pixel], "cols": [pixel]},
            mask=None,
            bands=None,
            frame={"shape": (1, 1), "origin": (0, 0), "boundary": "none", "trusted": False, "safe": None},
            grid={"rows": nodes, "cols": nodes, "first": (0, 0), "resolution": (1, 1), "shift": (0.0, 0.0)},
            target=(*pixel, *pixel),
            out={"values": np.zeros((1, 1)), "valid": None, "fill": np.zeros((1, 1))},
            how={"kernel": "linear", "epsilon": 1.0, "influence": (0, 0), "prefiltered": False}
            | {"threads": 1, "isa": None},
        )
    except GridrError:
        continue
    raise SystemExit("accepted")
"""
    done = in_another_process("-c", code)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("seed", range(3))
def test_random_arguments_never_crash_the_interpreter(seed):
    fuzzer = str(Path(__file__).with_name("fuzz_engine.py"))
    done = in_another_process("-X", "faulthandler", fuzzer, str(seed), "4000")
    assert done.returncode == 0, done.stderr[-3000:]
    refused, worked = map(int, done.stdout.split())
    assert refused > 100
    assert worked > 100
