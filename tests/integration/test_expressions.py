"""Arrays that are expressions, in processes of their own: no other test is to depend on them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FLAVOURS = {
    "the package dask-array": ("expressions.py", {"GRIDR_EXPRESSIONS": "dask_array"}),
    "dask's own": (
        "expressions.py",
        {"GRIDR_EXPRESSIONS": "dask.array", "DASK_ARRAY__QUERY_PLANNING": "true"},
    ),
    "what dask's own lack": ("expressions_of_dask.py", {"DASK_ARRAY__QUERY_PLANNING": "true"}),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_expressions_are_sources_and_grids(flavour):
    checks, variables = FLAVOURS[flavour]
    path = str(Path(__file__).with_name(checks))
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", path]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=280, env=os.environ | variables
    )
    assert done.returncode == 0, done.stdout + done.stderr
