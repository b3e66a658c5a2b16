"""The plan that users see."""

import json
import pickle
import re
import xml.etree.ElementTree as ET

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import gridr_dask

SOURCE = xr.DataArray(
    da.zeros((3, 100, 80), chunks=(2, 50, 40), dtype="f4"), dims=("band", "y", "x"), name="a"
)
GRID = np.mgrid[:60, :60] + 20.5


def plan(source=SOURCE, **arguments):
    return source.gridr.plan(GRID, **({"chunks": 30, "interp": "linear"} | arguments))


def test_a_plan_reads_no_pixel():
    def fail(block):
        raise AssertionError

    lazy = SOURCE.copy(data=SOURCE.data.map_blocks(fail, dtype="f4", meta=np.empty((0, 0, 0), "f4")))
    assert isinstance(plan(lazy), gridr_dask.Plan)
    assert plan(lazy, interp="bspline3", return_mask=True).peak > plan(lazy).peak


def test_the_summary_counts_tasks_and_bytes():
    summary = plan().summary()
    # Rows 20 to 50 and 50 to 80 of two blocks; columns 20 to 50 of two and 50 to 80 of the second one.
    assert (summary["tasks"], summary["tasks without source"]) == (8, 0)
    pixel = 3 * 4
    assert summary["bytes read"] == 100 * 80 * pixel
    read = (2 * 50 * 2 * 40) + (2 * 50 * 40) + (50 * 2 * 40) + 50 * 40
    assert summary["read amplification"] == read / (100 * 80)
    parts = summary["largest task"]["bytes"]
    assert parts["source"] == 100 * 80 * 2 * 4
    assert parts["grid"] == 30 * 30 * 16
    assert parts["result"] == 30 * 30 * 2 * 4
    assert sum(parts.values()) == summary["projected peak bytes"]
    assert summary["largest task"]["target"] == {"rows": [0, 30], "cols": [0, 30]}


def test_windows_hold_the_taps_of_each_chunk():
    assert plan().windows[:, :, :2].tolist() == [[[20, 51]] * 2, [[50, 81]] * 2]
    assert plan().windows[0, :, 2:].tolist() == [[20, 51], [50, 80]]


def test_what_a_mask_and_validity_take_is_counted():
    bare, mask = plan().largest(), np.ones((100, 80), "i4")
    full = plan(mask=mask, return_mask=True, src_nodata=7).largest()
    assert full.parts["mask"] == 100 * 80 * 5
    assert full.parts["result"] == bare.parts["result"] + 30 * 30 * 2
    assert full.parts["source"] > bare.parts["source"]


def test_a_plan_that_sees_nothing_reads_nothing():
    summary = SOURCE.gridr.plan(GRID + 1000, chunks=30).summary()
    assert (summary["bytes read"], summary["tasks without source"]) == (0, 8)


@pytest.mark.parametrize(("mode", "blocks"), [("constant", 1), ("reflect", 1), ("wrap", 4)])
def test_a_plan_over_the_edge_counts_blocks_of_the_other_side(mode, blocks):
    corner = GRID[:, :30, :20] - 21
    over = SOURCE.gridr.plan(corner, chunks=30, boundary_condition=mode, trust_padding=True)
    assert over.summary()["bytes read"] == blocks * 50 * 40 * 3 * 4


def test_the_quick_bound_is_a_bound():
    for arguments in (
        {},
        {"interp": "bspline5"},
        {"mask": np.ones((100, 80))},
        {"interp": "bspline11", "chunks": 7},
    ):
        for mode in (None, "wrap", "reflect"):
            boundary = {} if mode is None else {"boundary_condition": mode, "trust_padding": True}
            found = plan(**arguments, **boundary)
            assert found.at_most >= found.peak


def test_a_dataset_has_one_plan_for_all_its_variables():
    dataset = xr.Dataset({"small": SOURCE.isel(band=0), "large": SOURCE.astype("f8"), "time": ("t", [1, 2])})
    found = plan(dataset)
    assert [load.name for load in found.loads] == ["small", "large"]
    assert found.tasks == 4 + 8
    assert found.largest().name == "large"


def test_a_dataset_without_a_fitting_variable_has_no_plan():
    with pytest.raises(gridr_dask.InvalidInputError, match="no variable has both dims"):
        xr.Dataset({"a": SOURCE}).gridr.plan(GRID, variables=[])


def test_json_holds_the_summary_and_the_windows():
    found = json.loads(plan().to_json())
    assert found["summary"] == plan().summary()
    assert found["windows"] == plan().windows.tolist()
    assert found["target"]["rows"] == [[0, 30], [30, 60]]


def test_a_plan_can_be_pickled():
    assert pickle.loads(pickle.dumps(plan())).summary() == plan().summary()


def test_a_plan_prints_its_numbers():
    text = repr(plan())
    for part in ("2 x 2", "8, 0 of them without source", "93.8 KiB", "rows [0, 30), cols [0, 30) of a"):
        assert part in text


def test_the_picture_has_a_window_for_each_chunk_that_sees_the_source():
    html = plan()._repr_html_()
    picture = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    shapes = [shape.tag.rpartition("}")[2] for shape in picture]
    assert shapes.count("rect") == 1 + 4
    assert shapes.count("line") == 2
    assert "&#x27;" not in html[html.index("<svg") :]
    # Not every reader of SVG knows hsl(): it shows black.
    _, *windows = (shape.get("fill") for shape in picture if shape.tag.endswith("rect"))
    assert all(re.fullmatch("#[0-9a-f]{6}", fill) for fill in windows)
    assert windows[0] == windows[1] != windows[2] == windows[3]


def test_an_image_without_a_name_is_not_called_none():
    text = repr(plan(SOURCE.rename(None)))
    assert "None" not in text
    assert "cols [0, 30) of the image" in text


def test_names_of_variables_are_escaped():
    assert "<b>" not in plan(SOURCE.rename("<b>"))._repr_html_()
