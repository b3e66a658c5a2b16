"""The image: who it runs as, what it needs to write, and whether it says that it is well."""

import time

import pytest

from tests.containers import engine

SCHEDULER = ("dask", "scheduler")
WORKER = ("dask", "worker", "tcp://scheduler:8786", "--nthreads", "1", "--dashboard-address", ":8787")


@pytest.mark.parametrize("user", [None, "4321:4321"], ids=["own user", "any user"])
def test_is_healthy_on_a_read_only_file_system(image, network, user):
    options = ("--read-only", "--network", network, *(("--user", user) if user else ()))
    scheduler = engine.start(image, *SCHEDULER, options=("--network-alias", "scheduler", *options))
    worker = engine.start(image, *WORKER, options=options)
    for name in (worker, scheduler):
        assert health(name) == "healthy", engine.call("docker", "logs", name)
        assert engine.call("docker", "exec", name, "id", "--user") == (user or "10001:").split(":")[0]
    for name in (worker, scheduler):
        engine.call("docker", "stop", "--time", "30", name)
        # 137 would be that of a process that had to be killed.
        assert engine.inspect(name)["State"]["ExitCode"] == 0, engine.call("docker", "logs", name)


def test_a_scheduler_that_hangs_is_unhealthy(image):
    name = engine.start(image, *SCHEDULER, options=("--health-interval=1s", "--health-retries=2"))
    assert health(name) == "healthy"
    engine.call("docker", "kill", "--signal", "STOP", name)
    assert health(name, wanted="unhealthy") == "unhealthy"


def test_temporary_files_go_to_the_volume(image):
    code = "import tempfile, dask; print(tempfile.gettempdir(), dask.config.get('temporary-directory'))"
    ended = engine.run(image, "python3", "-c", code, options=("--read-only",))
    assert ended.stdout.split() == ["/scratch", "/scratch"], ended.said


def health(name: str, wanted: str = "healthy", patience: float = 60) -> str:
    """Return what the health check says in the end."""
    until = time.monotonic() + patience
    while (found := engine.inspect(name)["State"]["Health"]["Status"]) != wanted and time.monotonic() < until:
        time.sleep(0.5)
    return found
