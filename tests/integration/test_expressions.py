"""Arrays of the package dask-array, in a process of their own: no other test is to depend on that package."""

import subprocess
import sys
from pathlib import Path


def test_expressions_are_sources_and_grids():
    checks = Path(__file__).with_name("expressions.py")
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", str(checks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
