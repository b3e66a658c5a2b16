"""The faults of GridR 0.6.0 in shared arrays, each with a test that it is not here."""

import copy
import gc
import os
import pickle
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gridr_dask.errors import BufferStateError, InvalidInputError, UnsupportedDtypeError
from gridr_dask.scaling import SharedArray, buffers, remove_orphans, set_backend, shared_array_wrap
from gridr_dask.scaling.choice import BACKENDS
from tests import processes
from tests.processes import in_child

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def test_a_view_outlives_its_array(backend, make):
    def filled():
        made = make()
        made.array[...] = 5
        return made

    temporary = filled().array
    closed = filled()
    after_close = closed.array[1:]
    closed.close()
    destroyed = filled()
    after_destroy = destroyed.array[::2]
    destroyed.destroy()
    same = filled()
    returned = shared_array_wrap(lambda a, b: a + 0 * b if a is b else None)(same, same)
    received = pickle.loads(pickle.dumps(filled()))
    received.load()
    after_pickle = received.array
    del closed, destroyed, received
    gc.collect()
    for view in (temporary, after_close, after_destroy, returned, after_pickle):
        view += 1
        assert (view == 6).all()


def test_objects_and_empty_arrays_are_refused_on_every_backend(backend):
    with pytest.raises(UnsupportedDtypeError, match="objects"):
        SharedArray((2,), object, "a")
    for shape in ((0,), (3, 0), (-1,)):
        with pytest.raises(InvalidInputError, match="positive"):
            SharedArray(shape, "f8", "a")


def test_destroy_after_close_leaves_nothing(backend, make):
    before = processes.own_segments(), processes.open_descriptors()
    shared = SharedArray((3, 4), "f8", SharedArray.build_name())
    shared.create()
    shared.close()
    shared.destroy()
    assert (processes.own_segments(), processes.open_descriptors()) == before


def test_a_pickle_never_holds_the_samples(backend, make):
    shared = make((1 << 20,), "u1")
    attached = pickle.dumps(shared)
    assert len(attached) < 1000
    received = pickle.loads(attached)
    assert received.array is None
    received.load()
    received.array[:] = 3
    assert (shared.array == 3).all()
    assert copy.deepcopy(shared).array is None
    assert copy.copy(shared).array is None


@pytest.mark.parametrize("what", ["pipe", "file", "memory file", "nothing"])
def test_a_descriptor_number_is_never_trusted(what, make, tmp_path, monkeypatch):
    set_backend("memfd")
    shared, other = make(), make()
    path = tmp_path / "file"
    path.write_bytes(bytes(shared.nbytes))
    reading, writing = os.pipe()
    wrong = {
        "pipe": writing,
        "file": os.open(path, os.O_RDWR),
        "memory file": other.get_passing_payload()["backend"]["fd"],
        "nothing": 1000,
    }
    payload = shared.get_passing_payload()
    payload["backend"]["fd"] = wrong[what]
    with pytest.raises(RuntimeError, match=f"descriptor {wrong[what]} is not that of the shared array"):
        SharedArray.from_payload(payload)

    class Misled:
        def __init__(self, descriptor):
            pass

        def detach(self):
            return wrong[what]

        def __reduce__(self):
            return Misled, (0,)

    monkeypatch.setattr(buffers, "_receive", lambda lent, *rest: receive(Misled(0), *rest))
    received = copy.deepcopy(shared)
    with pytest.raises(RuntimeError, match="did not arrive"):
        received.load()
    os.fstat(wrong["file"])  # and nobody has closed what is not his
    for descriptor in (reading, writing, wrong["file"]):
        os.close(descriptor)
    assert path.read_bytes() == bytes(shared.nbytes)


receive = buffers._receive


def test_a_descriptor_that_came_to_mean_another_file_is_left_alone(make, tmp_path):
    set_backend("memfd")
    shared = make()
    shared.close()
    descriptor = shared.get_passing_payload()["backend"]["fd"]
    with open(tmp_path / "file", "w+b") as file:
        file.write(bytes(shared.nbytes))
        file.flush()
        os.dup2(file.fileno(), descriptor)  # as happens to daemons, which close all descriptors
    with pytest.raises(RuntimeError, match="not the shared buffer"):
        shared.load()
    shared.destroy()
    gc.collect()
    assert os.fstat(descriptor).st_size == shared.nbytes
    os.close(descriptor)


def test_what_comes_from_a_payload_owns_its_descriptor(make, tmp_path):
    set_backend("memfd")
    shared = make()
    received = SharedArray.from_payload(shared.get_passing_payload())
    received.array[...] = 2
    assert (shared.array == 2).all()
    received.destroy()
    with open(tmp_path / "file", "w+b") as file:
        shared.destroy()
        del received
        gc.collect()
        file.write(b"still mine")
        file.flush()
    assert (tmp_path / "file").read_bytes() == b"still mine"


def test_destroying_a_clone_leaves_the_original(backend, make):
    shared = make()
    shared.array[...] = 4
    shared.close()
    clone = SharedArray.clone(shared)
    clone.close()
    clone.destroy()
    del clone
    gc.collect()
    shared.load()
    assert (shared.array == 4).all()
    in_child("fork", processes.add_one, shared)
    assert (shared.array == 5).all()


def test_destroying_the_original_leaves_a_view_of_a_clone(backend, make):
    shared = make()
    clone = SharedArray.clone(shared)
    clone.load()
    shared.array[...] = 4
    shared.destroy()
    assert (clone.array == 4).all()


def test_a_clone_keeps_the_backend(backend, make):
    shared = make()
    for other in BACKENDS:
        set_backend(other)
        clone = SharedArray.clone(shared)
        assert clone.backend == backend
        assert (clone.array is None) == (backend == "shm")
        clone.load()
        clone.array[...] += 1
    assert (shared.array == 3).all()
    unmade = SharedArray((2,), "f8", "a", backend=backend)
    assert SharedArray.clone(unmade).array is None


def test_bytes_must_be_as_many_as_there_are(backend, make):
    shared = make((3, 4), "f8")
    same = SharedArray.clone(shared, shape=(24,), dtype="i4")
    same.load()
    assert same.array.shape == (24,)
    for wrong in ({"shape": (3, 3)}, {"dtype": "f4"}, {"shape": (1000, 1000)}):
        with pytest.raises(ValueError, match=r"but the buffer .* has 96"):
            SharedArray.clone(shared, **wrong)
        described = {"shape": (3, 4), "dtype": "f8", "name": shared.name} | wrong
        with pytest.raises(ValueError, match=r"but the buffer .* has 96"):
            SharedArray(**described).load()
        if backend != "mmap":
            with pytest.raises(ValueError, match=r"but the buffer .* has 96"):
                SharedArray.from_payload(shared.get_passing_payload() | wrong)


def test_a_segment_of_another_size_is_not_mapped(make):
    set_backend("shm")
    shared = make()
    received = pickle.loads(pickle.dumps(shared))
    (path,) = (name for name in os.listdir("/dev/shm") if name.endswith(shared.name))
    os.truncate(f"/dev/shm/{path}", 40)
    with pytest.raises(RuntimeError, match="not the segment of 96 bytes"):
        received.load()


def test_a_memory_file_cannot_be_cut_off(make):
    set_backend("memfd")
    shared = make()
    for size in (0, 40, 1000):
        with pytest.raises(PermissionError):
            os.ftruncate(shared.get_passing_payload()["backend"]["fd"], size)


def test_who_only_attaches_removes_nothing(make, method):
    set_backend("shm")
    shared = make()
    code = f"""if True:
        from gridr_dask.scaling import SharedArray
        shared = SharedArray((3, 4), "f8", {shared.name!r}, backend="shm")
        shared.load()
        shared.array[...] = 7
    """
    if method == "spawn":  # a process that has nothing to do with this one
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    else:
        in_child(method, processes.add_one, shared)
    again = SharedArray((3, 4), "f8", shared.name)
    again.load()
    assert again.array[0, 0] == (7 if method == "spawn" else 1)


def test_a_program_that_forgets_destroy_leaves_nothing(method):
    name = in_child(method, processes.create, "shm", 100)
    processes.wait_for(lambda: not any(found.endswith(name) for found in os.listdir("/dev/shm")))


def test_an_array_that_is_dropped_is_freed(make):
    for kind in ("mmap", "memfd"):
        descriptors, held = processes.open_descriptors(), len(buffers._LIVE)
        for _ in range(3):
            shared = SharedArray((1 << 20,), "f8", "the same name", backend=kind)
            shared.create()
            assert shared.array[0] == 0
            shared.array[0] = 1
            with pytest.raises(FileExistsError):
                SharedArray((1 << 20,), "f8", "the same name", backend=kind).create()
            del shared
            gc.collect()
        assert (processes.open_descriptors(), len(buffers._LIVE)) == (descriptors, held)


def test_creating_twice_is_an_error(backend, make):
    shared = make()
    shared.array[...] = 1
    descriptors = processes.open_descriptors()
    for one in (shared, SharedArray.clone(shared), pickle.loads(pickle.dumps(shared))):
        with pytest.raises(BufferStateError, match="already"):
            one.create()
    gc.collect()
    assert (shared.array == 1).all()
    assert processes.open_descriptors() == descriptors
    shared.close()
    with pytest.raises(RuntimeError, match="already"):
        shared.create()


def test_wrapped_arguments_are_closed_if_another_cannot_be_loaded(backend, make):
    first, missing, last = make(), SharedArray((3, 4), "f8", "missing"), make()
    with pytest.raises(RuntimeError, match="missing"):
        shared_array_wrap(lambda *_: None)(first, missing, last=last)
    assert first.array is None


def test_threads_build_different_names():
    before, names = SharedArray.COUNTER, []
    threads = [
        threading.Thread(target=lambda: names.extend(SharedArray.build_name() for _ in range(500)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before + 4000 == SharedArray.COUNTER
    assert sorted(int(name.split("-")[0]) for name in names) == list(range(before + 1, before + 4001))


def test_threads_create_and_destroy_at_once(backend):
    failed = []

    def work():
        try:
            for value in range(20):
                with SharedArray((100,), "u1", SharedArray.build_name()) as shared:
                    shared.array[:] = value
                    clone = SharedArray.clone(shared)
                    clone.load()
                    assert (clone.array == value).all()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_forked_child_counts_from_1():
    SharedArray.build_name()
    assert in_child("fork", processes.counter) == 1


def test_a_foreign_segment_is_not_removed(caplog):
    foreign = ["wnsm_f00d", "gridr", "1-buf", "../shm/foreign", "gridr-no-owner"]
    files = [Path("/dev/shm", name).resolve() for name in foreign]
    try:
        for file in files:
            file.touch()
        SharedArray.clear_buffers(foreign)
        remove_orphans()
        assert [file for file in files if not file.exists()] == []
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    assert len(caplog.records) == len(foreign)
    assert all("is not released" in message for message in caplog.messages)


def test_a_segment_can_go_once_all_have_attached(make):
    set_backend("shm")
    shared = make()
    (path,) = (name for name in os.listdir("/dev/shm") if name.endswith(shared.name))
    found = os.stat(f"/dev/shm/{path}")
    assert stat.S_IMODE(found.st_mode) == 0o600
    received = pickle.loads(pickle.dumps(shared))
    received.load()
    view = shared.array
    shared.destroy()
    assert not os.path.exists(f"/dev/shm/{path}")
    view[...] = 8
    assert (received.array == 8).all()
    assert np.array_equal(view, received.array)
