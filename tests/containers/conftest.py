"""Tests in containers: left out, and said in the header of the run, where the machine cannot have them."""

from pathlib import Path

import pytest

from tests.containers import engine, images

# What runs in containers is looked through for examples otherwise.
collect_ignore_glob = ["jobs/*"] + (["test_*"] if engine.lacking() else [])
collect_ignore = [] if engine.compose() and images.LIKE_HERE else ["test_compose.py"]


def pytest_collection_modifyitems(items):
    # Called with the tests of all folders.
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.containers)
            # The first test of an image makes it.
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(autouse=True)
def _nothing_stays():
    yield
    engine.remove_all()


@pytest.fixture(scope="session", params=images.SUITES)
def image(request) -> str:
    """gridr_dask's image, on each Debian."""
    return images.image(request.param)


@pytest.fixture
def job(image):
    """Run one of the scripts in jobs/ in a container with the engine's defaults: 64 MB of /dev/shm."""

    def run(
        script: str, *arguments: str, options: tuple[str, ...] = (), timeout: float = 180
    ) -> engine.Ended:
        options = ("--volume", f"{engine.JOBS}:/jobs:ro", *options)
        return engine.run(image, "python3", f"/jobs/{script}", *arguments, options=options, timeout=timeout)

    return run


@pytest.fixture
def network():
    """A network of containers that find each other by name."""
    name = engine.unique()
    engine.call("docker", "network", "create", *engine.labelled(), name)
    return name
