"""Workers that hand blocks over, started once for each file of tests."""

import pytest

from gridr_dask.scaling import SharedMemoryPlugin
from tests.integration.handing import NAME, cluster


@pytest.fixture(scope="module")
def two_workers():
    with cluster() as client:
        yield client


@pytest.fixture
def handing_client(two_workers):
    """A client of two workers that have handed over nothing yet."""
    two_workers.unregister_worker_plugin(NAME)
    two_workers.register_plugin(SharedMemoryPlugin())
    return two_workers
