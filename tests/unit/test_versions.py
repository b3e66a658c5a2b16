"""The report that belongs into a bug report."""

import os
import subprocess
import sys

import gridr_dask
from gridr_dask.compute import isa as instruction_sets


def test_the_report_names_versions_and_the_chosen_instruction_set(isa, capsys):
    gridr_dask.show_versions()
    shown = capsys.readouterr().out
    assert gridr_dask.__version__ in shown
    assert f"{isa} ({instruction_sets.VARIABLE} forces one)" in shown
    for package in ("numpy", "dask", "distributed", "xarray", "zarr"):
        assert package in shown


def test_importing_the_package_needs_no_optional_library():
    code = (
        "import sys, gridr_dask\n"
        "heavy = {'matplotlib', 'rasterio', 'rioxarray', 'distributed'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=120)


def test_every_public_name_exists():
    for name in gridr_dask.__all__:
        assert hasattr(gridr_dask, name)
