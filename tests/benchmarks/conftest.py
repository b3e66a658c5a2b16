"""Sizes of the benchmarks, and what pytest-benchmark records about the machine."""

from __future__ import annotations

from typing import Any

import pytest

from gridr_dask.compute import isa
from tests.benchmarks import machine

SIZES = 256, 2000
TINY = 48
"""Where nothing is measured, one round of a small image shows that all of it still runs."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "size" in metafunc.fixturenames:
        option = metafunc.config.getoption
        measured = option("benchmark_enable") or not option("benchmark_disable")
        metafunc.parametrize("size", SIZES if measured else [TINY], scope="module")


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    machine_info["gridr_dask"] = {
        "cpu_features": machine.features(),
        "instruction_sets": isa.available(),
        "instruction_set_chosen": isa.chosen(),
        "versions": machine.versions(),
    }
