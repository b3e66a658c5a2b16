"""Where shared arrays go: what was asked for, else what fits, and how it is explained."""

import logging
import multiprocessing
import subprocess
import sys

import dask
import pytest

from gridr_dask.errors import InvalidInputError, SharedMemoryError
from gridr_dask.scaling import (
    SharedArray,
    choice,
    explain_backend,
    get_backend,
    memfd,
    segments,
    set_backend,
)

MIB = 1 << 20
ENVIRONMENT, MIN_FREE = "GRIDR_SHARED_MEMORY_BACKEND", "GRIDR_SHM_MIN_FREE"


@pytest.fixture
def shm_of(monkeypatch):
    """Say how many MiB /dev/shm has free."""

    def say(free, size=None):
        monkeypatch.setattr(segments, "room", lambda: segments.Room((size or free) * MIB, free * MIB))

    say(1024)
    return say


def test_the_environment_beats_the_program(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, " MMAP ")
    set_backend("shm")
    assert get_backend() == "mmap"
    assert ENVIRONMENT in explain_backend().why


@pytest.mark.parametrize("value", ["", " ", "auto", "AUTO"])
def test_auto_in_the_environment_is_no_choice(value, monkeypatch, caplog):
    monkeypatch.setenv(ENVIRONMENT, value)
    set_backend("memfd")
    assert get_backend() == "memfd"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_bad_value_in_the_environment_is_a_warning(monkeypatch, caplog):
    monkeypatch.setenv(ENVIRONMENT, "garbage")
    set_backend("mmap")
    assert get_backend() == "mmap"
    (warning,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    for part in (ENVIRONMENT, "'garbage'", "shm", "mmap", "memfd", "auto"):
        assert part in warning.getMessage()
    assert explain_backend().ignored == warning.getMessage()
    monkeypatch.delenv(ENVIRONMENT)
    set_backend("auto")
    assert explain_backend().ignored is None


def test_the_program_beats_the_configuration():
    with dask.config.set({"gridr.shared.backend": "memfd"}):
        assert get_backend() == "memfd"
        assert "gridr.shared.backend" in explain_backend().why
        set_backend("mmap")
        assert get_backend() == "mmap"


def test_a_bad_value_in_the_configuration_is_an_error():
    with (
        dask.config.set({"gridr.shared.backend": "garbage"}),
        pytest.raises(InvalidInputError, match=r"gridr\.shared\.backend='garbage'.*memfd"),
    ):
        get_backend()


@pytest.mark.parametrize("name", ["SHM", "file", "", None, 1])
def test_a_bad_name_is_refused(name):
    with pytest.raises(ValueError, match=r"must be one of \('auto', 'shm', 'mmap', 'memfd'\)"):
        set_backend(name)


def test_a_bad_start_method_is_refused():
    with pytest.raises(ValueError, match="start_method='thread'"):
        set_backend("auto", start_method="thread")


@pytest.mark.parametrize(
    ("free", "method", "works", "expected"),
    [
        (65, "fork", True, "shm"),
        (65, "spawn", True, "shm"),
        (65, "forkserver", False, "shm"),
        (64, "fork", True, "mmap"),
        (64, "fork", False, "mmap"),
        (64, "spawn", True, "memfd"),
        (64, "forkserver", True, "memfd"),
        (64, "spawn", False, "shm"),
        (0, "spawn", True, "memfd"),
    ],
)
def test_the_table_of_the_automatic_choice(free, method, works, expected, shm_of, monkeypatch, caplog):
    shm_of(free)
    monkeypatch.setattr(memfd, "available", lambda: works)
    set_backend("auto", start_method=method)
    assert get_backend() == expected
    assert explain_backend().automatic
    warned = any(record.levelno == logging.WARNING for record in caplog.records)
    assert warned == (free == 64 and method != "fork" and not works)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_the_start_method_in_force_counts(method, shm_of, monkeypatch):
    shm_of(0)
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none=False: method)
    assert explain_backend().start_method == method
    assert get_backend() == ("mmap" if method == "fork" else "memfd")


def test_asking_does_not_settle_the_start_method():
    code = """if True:
        import multiprocessing
        from gridr_dask.scaling import explain_backend
        default = multiprocessing.get_all_start_methods()[0]
        assert explain_backend().start_method == default
        multiprocessing.set_start_method("spawn")
        assert multiprocessing.get_start_method() == "spawn"
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_settled_once_until_asked_again(shm_of):
    assert get_backend() == "shm"
    shm_of(0)
    assert get_backend() == "shm"
    set_backend("auto", start_method="fork")
    assert get_backend() == "mmap"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "shm"),
        ("-1", "shm"),
        (" 100 ", "shm"),
        ("1_000", "shm"),
        ("512MiB", "shm"),
        ("0.5 GiB", "shm"),
        ("1 GiB", "memfd"),
        ("99999999999999", "memfd"),
    ],
)
def test_the_reserve_may_be_set(value, expected, shm_of, monkeypatch):
    set_backend("auto", start_method="spawn")
    with dask.config.set({"gridr.shared.shm-min-free": value}):
        assert get_backend() == expected
    monkeypatch.setenv(MIN_FREE, value)
    set_backend("auto", start_method="spawn")
    with dask.config.set({"gridr.shared.shm-min-free": "1 MiB"}):
        assert get_backend() == expected


@pytest.mark.parametrize("value", ["", "many", "MiB", "64 parsecs", "1.5", "nan"])
def test_a_bad_reserve_is_an_error_that_names_it(value, monkeypatch):
    with (
        dask.config.set({"gridr.shared.shm-min-free": value}),
        pytest.raises(ValueError, match=r"gridr\.shared\.shm-min-free"),
    ):
        get_backend()
    monkeypatch.setenv(MIN_FREE, value)
    with pytest.raises(ValueError, match=rf"{MIN_FREE}='{value}'"):
        get_backend()
    set_backend("mmap")  # needs no reserve
    assert get_backend() == "mmap"


def test_each_array_is_checked_against_its_size(shm_of):
    shm_of(100)
    set_backend("auto", start_method="spawn")
    assert get_backend() == "shm"
    small, large = (SharedArray((size * MIB,), "u1", SharedArray.build_name()) for size in (35, 37))
    assert (small.backend, large.backend) == ("shm", "memfd")
    with large:
        assert large.backend == "memfd"
    assert explain_backend(37 * MIB).backend == "memfd"
    assert "37.0 MiB" in explain_backend(37 * MIB).why
    assert get_backend() == "shm"


def test_an_array_goes_elsewhere_if_the_room_is_gone_when_it_is_created(shm_of, monkeypatch):
    set_backend("auto", start_method="fork")
    shared = SharedArray((MIB,), "u1", SharedArray.build_name())
    assert shared.backend == "shm"
    shm_of(0)
    with shared:
        assert shared.backend == "mmap"
    shm_of(1024)
    shared = SharedArray((MIB,), "u1", SharedArray.build_name())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments, "create", full)  # taken between the check and the allocation
    with shared:
        assert shared.backend == "mmap"


def test_a_choice_that_does_not_fit_is_an_error_with_the_numbers(shm_of):
    shm_of(60, size=64)
    set_backend("shm")
    shared = SharedArray((500 * MIB,), "u1", SharedArray.build_name())
    with pytest.raises(SharedMemoryError) as caught:
        shared.create()
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == 28
    for part in ("500.0 MiB", "60.0 MiB of 64.0 MiB", "--shm-size", f"{ENVIRONMENT}=memfd", "mmap"):
        assert part in str(caught.value)
    assert shared.array is None


@pytest.mark.parametrize("kind", ["mmap", "memfd", "shm"])
def test_an_impossible_size_is_an_error(kind):
    with pytest.raises(OSError, match=r"33,554,432\.0 MiB"):
        SharedArray((32 << 40,), "u1", SharedArray.build_name(), backend=kind).create()


def test_the_explanation_can_be_read(shm_of):
    shm_of(60, size=64)
    set_backend("auto", start_method="spawn")
    found = explain_backend()
    assert (found.backend, found.shm_size, found.shm_free) == ("memfd", 64 * MIB, 60 * MIB)
    assert (found.shm_reserve, found.start_method, found.memfd) == (64 * MIB, "spawn", True)
    for part in ("memfd: ", "60.0 MiB of 64.0 MiB", "spawn", "reserve of 64.0 MiB"):
        assert part in str(found)
    with pytest.raises(AttributeError):
        found.backend = "shm"


def test_the_choice_is_logged(shm_of, caplog):
    caplog.set_level(logging.DEBUG, choice.__name__)
    set_backend("auto", start_method="fork")
    for _ in range(2):
        get_backend()
    levels = [record.levelname for record in caplog.records]
    assert levels == ["INFO", "INFO", "DEBUG"]
    assert "'auto'" in caplog.messages[0]
    assert "shm" in caplog.messages[1]
    assert "reserve" in caplog.messages[2]


def test_a_system_without_the_folder_has_no_room(monkeypatch, tmp_path):
    monkeypatch.setattr(segments, "FOLDER", tmp_path / "missing")
    monkeypatch.setenv(MIN_FREE, "-1")
    set_backend("auto", start_method="spawn")
    assert get_backend() == "memfd"
    set_backend("shm")
    with pytest.raises(OSError, match=r"0\.0 MiB of 0\.0 MiB"):
        SharedArray((1,), "u1", "a").create()
    assert segments.remove_orphans() == []
