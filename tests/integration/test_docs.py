"""Every Python block of the README and the docs runs as printed; links, tests and figures are there."""

import re
import subprocess
import sys
from pathlib import Path

import dask
import pytest

import gridr_dask.settings  # noqa: F401 - has settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?[^)]*\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def blocks_of(page):
    """Return the Python blocks of a page, padded so that line numbers are those of the page."""
    text = page.read_text()
    return ["\n" * text[: found.start(1)].count("\n") + found[1] for found in BLOCK.finditer(text)]


def name_of(page):
    return str(page.relative_to(ROOT))


# Python 3.12 warns when a process with threads forks.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=name_of)
def test_snippets_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in blocks_of(page):
        exec(compile(block, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "deploy").rglob("*.md"))], ids=name_of)
def test_links_lead_somewhere(page):
    text = CODE.sub("", page.read_text())
    for link, heading in LINK.findall(text):
        if "://" not in link:
            there = page.parent / link if link else page
            assert there.exists(), link
            if heading:
                assert heading in anchors(there), f"{link}#{heading}"


def anchors(page):
    """Return what headings are called in links, by GitHub's rule."""
    headings = HEADING.findall(CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_deviation_names_a_test_that_exists():
    rows = re.findall(r"^\|.*\|$", (ROOT / "docs" / "deviations.md").read_text(), re.MULTILINE)
    rows = [row for row in rows if not row.endswith(("---|", "| test |"))]
    source = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"def (test_\w+)", source))
    for row in rows:
        named = set(re.findall(r"`(test_\w+)`", row.split("|")[-2]))
        assert named, row
        assert named <= known, row


def test_every_setting_is_in_the_catalogue():
    source = "".join(path.read_text() for path in (ROOT / "gridr_dask").rglob("*.py"))
    variables = set(re.findall(r"\bGRIDR_[A-Z_]+\b", source))
    settings = {f"gridr.{key}" for key in leaves(dask.config.get("gridr"))}
    assert len(variables) >= 3
    assert len(settings) >= 5
    page = (ROOT / "docs" / "reference" / "environment.md").read_text()
    assert {name for name in variables | settings if f"`{name}`" not in page} == set()


def leaves(settings):
    """Return the dotted names of what is set in nested dicts."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from (f"{key}.{name}" for name in leaves(value))
        else:
            yield key


@pytest.mark.slow
def test_every_figure_is_drawn_by_the_script(tmp_path):
    script = ROOT / "docs" / "figures.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    drawn = {path.name for path in tmp_path.iterdir()}
    kept = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert kept == drawn | {"mountains.png", "performance.png"}
    concepts = "".join(path.read_text() for path in (ROOT / "docs" / "concepts").glob("*.md"))
    assert {Path(link).name for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", concepts)} == drawn
