"""The reference has every public name, once; sphinx fails if one of its names does not exist."""

import re
from collections import Counter
from pathlib import Path

import gridr_dask
from gridr_dask import compat, scaling

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

DIRECTIVE = re.compile(r"^ *\.\. (?:auto|py:)(?:function|class|exception|method|data):: (\S+)$", re.MULTILINE)


def names_on(page):
    return Counter(DIRECTIVE.findall((REFERENCE / page).read_text()))


def test_every_public_name_has_its_entry():
    accessor = gridr_dask.GridrDataArrayAccessor
    methods = {f"{accessor.__name__}.{name}" for name in dir(accessor) if not name.startswith("_")}
    entries = names_on("api.rst")
    assert set(entries) == {*gridr_dask.__all__, *methods, "between"}
    assert set(entries.values()) == {1}


def test_every_name_of_compat_has_its_entry():
    entries = names_on("compat.rst")
    assert set(entries) == set(compat.__all__) - set(gridr_dask.__all__)
    assert set(entries.values()) == {1}


def test_every_name_of_scaling_has_its_entry():
    entries = names_on("scaling.rst")
    errors = {"SharedMemoryError", "BufferExistsError", "BufferNotFoundError", "BufferStateError"}
    assert set(entries) == {*scaling.__all__, *errors}
    assert set(entries.values()) == {1}
