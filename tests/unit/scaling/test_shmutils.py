"""The old spellings work, and warn."""

import importlib
import re
import sys

import pytest

from gridr_dask.scaling import SharedArray, set_backend, shared_array_wrap
from tests.processes import add_one_by_name, in_child


@pytest.fixture
def shmutils():
    sys.modules.pop("gridr_dask.scaling.shmutils", None)
    with pytest.warns(DeprecationWarning, match=r"scaling\.shared_array"):
        return importlib.import_module("gridr_dask.scaling.shmutils")


def test_old_names_are_new_ones(shmutils):
    assert shmutils.SharedMemoryArray is SharedArray
    assert shmutils.shmarray_wrap is shared_array_wrap
    assert re.match(r"\d+-buf-", shmutils.SharedMemoryArray.build_sma_name("buf"))


@pytest.mark.parametrize("kind", ["mmap", "memfd", "shm"])
def test_a_register_of_names_is_enough_to_release(shmutils, kind):
    set_backend(kind)
    register = []
    shared = shmutils.create_and_register_sma((2, 3), "f8", register, prefix="buf")
    assert shared.backend == "shm"
    assert register == [shared.name]
    assert re.match(r"\d+-buf-", register[0])
    in_child("spawn" if kind == "shm" else "forkserver", add_one_by_name, (2, 3), "f8", register[0], "shm")
    assert (shared.array == 1).all()
    for _ in range(2):
        SharedArray.clear_buffers([*register, None, 3])
        with pytest.raises(FileNotFoundError):
            SharedArray((2, 3), "f8", register[0], backend="shm").load()
    assert (shared.array == 1).all()
