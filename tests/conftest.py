"""What all tests share: instruction sets to run on, hypothesis profiles, a cluster of processes."""

import os
import platform
import shutil

import hypothesis
import pytest
from distributed import Client, LocalCluster

from gridr_dask import _core  # noqa: TID251 - a report on the engine itself
from gridr_dask.compute import isa as instruction_sets
from tests.containers import engine

KNOWN_SETS = ("portable", "avx2", "avx512")
TOOLS = ("unshare", "systemd-analyze")
EMULATOR = shutil.which("qemu-x86_64") if platform.machine() == "x86_64" else None

_COMMON = {
    "deadline": None,
    "print_blob": True,
    # The generators are slow for hypothesis, and `isa` is set once for all examples of a test.
    "suppress_health_check": [
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
}
hypothesis.settings.register_profile("dev", max_examples=25, **_COMMON)
hypothesis.settings.register_profile("ci", max_examples=100, derandomize=True, **_COMMON)
hypothesis.settings.register_profile("nightly", max_examples=1000, **_COMMON)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
hypothesis.settings.load_profile(PROFILE)


def pytest_report_header() -> str:
    available = instruction_sets.available()
    lacking = [name for name in KNOWN_SETS if name not in available]
    return (
        f"gridr_dask: {'debug' if _core.DEBUG else 'release'} build; sets {', '.join(available)}; "
        f"not tested, since this machine lacks them: {', '.join(lacking) or 'none'}; "
        f"an old CPU is {'emulated' if EMULATOR else 'not emulated, since qemu-x86_64 is missing'}; "
        f"a second user is {'tried' if os.geteuid() == 0 else 'not tried, since this is not root'}; "
        f"missing of the tools {', '.join(TOOLS)}: "
        f"{', '.join(tool for tool in TOOLS if not shutil.which(tool)) or 'none'}; "
        f"hypothesis profile {PROFILE}; {engine.what_is_tested()}"
    )


@pytest.fixture(params=instruction_sets.available())
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each instruction set that this machine can run, in force during the test."""
    monkeypatch.setenv(instruction_sets.VARIABLE, request.param)
    return request.param


@pytest.fixture(scope="session")
def client():
    """A client of two worker processes; not the default one, so pass it as the scheduler."""
    with (
        # Any free port: None would take 8787, and warn when somebody else has it.
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
