"""The table and the report work from end to end; nothing here judges a speed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import cluster, graphs, handover, lines, memory, report, table
from tests.benchmarks.lines import LINES, Row, Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command prints for the smallest of images, and the JSON that it writes."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.table",
        "--size",
        "48",
        "--runs",
        "1",
        "--json",
        str(path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, path


def test_every_line_is_printed_and_recorded(measured: tuple[str, Path]) -> None:
    printed, path = measured
    record = json.loads(path.read_text())
    assert {"CPU", "instruction set chosen", "revision", "numpy"} <= set(record["conditions"])
    assert list(dict.fromkeys(row["line"] for row in record["rows"])) == [line.__name__ for line in LINES]
    for row in record["rows"]:
        assert row["ours"] > 0
        assert row["agrees"]
        assert row["case"] in printed
        assert row["differences"].keys() == row["others"].keys() == row["tolerances"].keys()


def test_the_report_has_every_case_and_a_plot(measured: tuple[str, Path], tmp_path: Path) -> None:
    assert report.main(["--json", str(measured[1]), "--docs", str(tmp_path)]) == 0
    page = (tmp_path / "performance.md").read_text()
    assert "$" not in page
    assert all(row["case"] in page for row in json.loads(measured[1].read_text())["rows"])
    assert (tmp_path / "images" / "performance.png").stat().st_size > 1000


def test_the_report_needs_a_measurement(tmp_path: Path) -> None:
    assert "make bench" in str(report.main(["--json", str(tmp_path / "none.json"), "--docs", str(tmp_path)]))


def test_the_page_has_the_prose_of_its_template() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    paragraphs = report.TEMPLATE.read_text().split("\n\n")
    assert [text for text in paragraphs if "$" not in text and text.strip() not in page] == []


def test_the_page_is_of_sources_that_can_be_measured_again() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    (revision,) = re.findall(r"^\| revision \| (\S+) \|$", page, re.MULTILINE)
    assert re.fullmatch("[0-9a-f]+", revision)


def test_graphs_are_measured_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "SIDES", (3, 4))
    assert graphs.main(["--runs", "1", "--json", str(tmp_path / "graphs.json")]) == 0
    rows = json.loads((tmp_path / "graphs.json").read_text())["rows"]
    assert [row["unit"] for row in rows] == ["ms", "MB", "ms"] * 2
    out = capsys.readouterr().out
    assert all(row["case"] in out and row["ours"] > 0 for row in rows)


@pytest.mark.distributed
def test_a_cluster_is_measured_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    assert cluster.main(["--scale", "32", "--runs", "1", "--json", str(path), "--folder", str(tmp_path)]) == 0
    rows = json.loads(path.read_text())["rows"]
    assert list(dict.fromkeys(row["line"] for row in rows)) == list(cluster.LINES)
    assert all("0 of them died" in note for row in rows[-2:] for note in row["notes"])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.distributed
def test_a_hand_over_is_measured_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "handover.json"
    assert handover.main(["--scale", "8", "--runs", "1", "--json", str(path)]) == 0
    rows = json.loads(path.read_text())["rows"]
    assert list(dict.fromkeys(row["line"] for row in rows)) == list(handover.LINES)
    assert all(row["ours"] > 0 and row["ratio"] > 0 for row in rows)


@pytest.mark.slow
def test_a_task_takes_no_more_memory_than_planned() -> None:
    for row in memory.memory(2):
        assert row.met, table.printed(row)


def test_a_missing_peer_is_a_row_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    for row in lines.small_types(Settings(20, 1)):
        assert (row.others, row.met) == ({}, None)
        assert "OpenCV not installed" in table.printed(row)


def test_goals_are_met_within_the_noise() -> None:
    faster = [Row("", 1.0, {"slow": 9.0, "fast": other}, goal=2) for other in (1.91, 1.89)]
    assert [(row.against, row.met) for row in faster] == [("fast", True), ("fast", False)]
    slower = [Row("", ours, {"plain": 1.0}, goal=2, at_most=True).met for ours in (2.09, 2.11)]
    assert slower == [True, False]
    assert [Row("", ours, goal=30, at_most=True).met for ours in (31, 32)] == [True, False]
    assert Row("", 1.0, {"other": 1.0}).met is None


def test_a_result_that_differs_or_is_nan_does_not_agree() -> None:
    differences = [0.0, 0.2, float("nan")]
    rows = [Row("", 1.0, differences={"a": value}, tolerances={"a": 0.1}) for value in differences]
    assert [row.agrees for row in rows] == [True, False, False]
    assert "DISAGREE" in table.printed(rows[1])
