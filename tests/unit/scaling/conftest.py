"""Shared arrays are process-wide: each test begins without a choice and must leave nothing behind."""

import pytest

from gridr_dask import settings
from gridr_dask.scaling import SharedArray, create_and_register, set_backend
from gridr_dask.scaling.blocks import Pool
from gridr_dask.scaling.broker import Broker
from gridr_dask.scaling.choice import BACKENDS
from tests.processes import METHODS, own_segments
from tests.unit.scaling.pools import AMPLE


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch):
    for variable in (settings.BACKEND_VARIABLE, settings.MIN_FREE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    set_backend("auto")
    before = own_segments()
    yield
    set_backend("auto")
    assert own_segments() == before


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each backend, in force."""
    set_backend(request.param)
    return request.param


@pytest.fixture(params=METHODS)
def method(request):
    """Each way to start a process."""
    return request.param


@pytest.fixture
def make():
    """Create arrays that are destroyed after the test."""
    register = []
    yield lambda shape=(3, 4), dtype="f8": create_and_register(shape, dtype, register, "buf")
    SharedArray.clear_buffers(register)


@pytest.fixture
def pool():
    return Pool(AMPLE)


@pytest.fixture
def broker(pool):
    broker = Broker(pool)
    yield broker
    broker.close()
