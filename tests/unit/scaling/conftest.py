"""Shared arrays are process-wide: each test begins without a choice and must leave nothing behind."""

import pytest

from gridr_dask import settings
from gridr_dask.scaling import set_backend
from gridr_dask.scaling.choice import BACKENDS
from tests.unit.scaling.workers import METHODS, own_segments


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
