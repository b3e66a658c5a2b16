"""A gigabyte of shared arrays in a container that has 64 MB of /dev/shm."""

import signal

import pytest

# Python's default, with what it gives in such a container.
DEFAULTS = {"fork": "mmap", "forkserver": "memfd"}
BUS_ERROR = 128 + signal.SIGBUS


def test_the_default_choice_works(job):
    ended = job("shared_arrays.py")
    assert ended.code == 0, ended.said
    backend, start_method = ended.stdout.split()
    assert backend == DEFAULTS[start_method]


def test_forced_shm_says_what_is_missing_and_how_to_get_it(job):
    ended = job("shared_arrays.py", options=forced("shm"))
    assert ended.code == 1, ended.said
    last = ended.stderr.strip().splitlines()[-1]
    for said in ("/dev/shm", "256.0 MiB", "64.0 MiB", "--shm-size", "GRIDR_SHARED_MEMORY_BACKEND"):
        assert said in last


def test_a_larger_shm_holds_it(job):
    ended = job("shared_arrays.py", options=("--shm-size=2g",))
    assert ended.code == 0, ended.said
    assert ended.stdout.startswith("shm ")


@pytest.mark.parametrize(("backend", "start_method"), [("mmap", "fork"), ("memfd", "forkserver")])
def test_another_backend_holds_it(job, backend, start_method):
    ended = job("shared_arrays.py", start_method, options=forced(backend))
    assert ended.code == 0, ended.said
    assert ended.stdout.split() == [backend, start_method]


def forced(backend):
    return ("--env", f"GRIDR_SHARED_MEMORY_BACKEND={backend}")
