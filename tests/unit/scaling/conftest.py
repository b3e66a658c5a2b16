"""Shared arrays are process-wide: each test begins without a choice and must leave nothing behind."""

import gc
import os

import pytest

from gridr_dask.scaling import choice, segments, set_backend
from gridr_dask.scaling.choice import BACKENDS
from tests.unit.scaling.workers import METHODS


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch):
    for variable in (choice.BACKEND_VARIABLE, choice.MIN_FREE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    set_backend("auto")
    before = own_segments()
    yield
    set_backend("auto")
    gc.collect()
    assert own_segments() == before


def own_segments():
    """Return the segments of this process."""
    prefix = segments._this_process().prefix
    return sorted(name for name in os.listdir("/dev/shm") if name.startswith(prefix))


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each backend, in force."""
    set_backend(request.param)
    return request.param


@pytest.fixture(params=METHODS)
def method(request):
    """Each way to start a process."""
    return request.param
