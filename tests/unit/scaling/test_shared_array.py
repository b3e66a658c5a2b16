"""Shared arrays: what a user does with them, on every backend and with every start method."""

import multiprocessing.reduction
import pickle
import re

import numpy as np
import pytest

from gridr_dask.errors import (
    BufferExistsError,
    BufferNotFoundError,
    BufferStateError,
    InvalidInputError,
    UnsupportedDtypeError,
)
from gridr_dask.scaling import SharedArray, create_and_register, set_backend, shared_array_wrap
from tests import processes
from tests.processes import METHODS, in_child

# Other tests of the session start threads, and Python 3.12 warns when such a process forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

REACHED = [("shm", method) for method in METHODS] + [("memfd", method) for method in METHODS]
REACHED += [("mmap", "fork")]
NOT_REACHED = [("mmap", "spawn"), ("mmap", "forkserver")]


def test_it_begins_with_zeros_in_c_order(backend, make):
    shared = make((3, 4), ">i2")
    assert shared.array.shape == (3, 4)
    assert shared.array.dtype == ">i2"
    assert shared.array.flags.c_contiguous
    assert shared.array.flags.writeable
    assert not shared.array.any()
    assert shared.backend == backend


def test_an_array_without_axes_has_one_sample(backend, make):
    shared = make(())
    shared.array[()] = 7
    assert shared.array.shape == ()
    assert in_child("fork", _first, shared) == 7


def _first(shared):
    shared.load()
    return shared.array.ravel()[0].item()


@pytest.mark.parametrize(("backend", "method"), REACHED)
def test_a_pickled_array_is_seen_by_a_child(backend, method, make):
    set_backend(backend)
    shared = make()
    shared.array[...] = np.arange(12).reshape(3, 4)
    in_child(method, processes.add_one, shared)
    assert np.array_equal(shared.array, np.arange(12).reshape(3, 4) + 1)


@pytest.mark.parametrize(("backend", "method"), REACHED)
def test_one_buffer_may_be_sent_twice_to_a_child(backend, method, make):
    set_backend(backend)
    shared = make()
    in_child(method, processes.add_one, shared, SharedArray.clone(shared), shared)
    assert (shared.array == 3).all()


@pytest.mark.parametrize(("backend", "method"), NOT_REACHED)
def test_a_mapping_says_why_it_cannot_be_seen(backend, method, make):
    set_backend(backend)
    with pytest.raises(RuntimeError, match=r"forked from it later.*memfd"):
        in_child(method, processes.add_one, make())


@pytest.mark.parametrize(("backend", "method"), REACHED)
def test_a_pool_takes_arrays(backend, method, make):
    set_backend(backend)
    before = make()
    with processes.context(method).Pool(1) as pool:
        after = make()
        pool.map(processes.add_one, [before, before, after] if backend != "mmap" else [before, before])
    assert (before.array == 2).all()
    assert (after.array == (backend != "mmap")).all()


@pytest.mark.parametrize(("backend", "method"), [*REACHED[:-1], *NOT_REACHED])
def test_a_worker_may_return_an_array(backend, method):
    with processes.context(method).Pool(1) as pool:
        given = pool.apply(processes.give, (backend, 7))
        if backend == "mmap":
            with pytest.raises(RuntimeError, match="forked from it later"):
                given.load()
        else:
            given.load()
            pool.apply(processes.add_one, (given,))
            assert (given.array == 8).all()


@pytest.mark.distributed
@pytest.mark.parametrize("backend", ["shm", "memfd"])
def test_the_workers_of_a_cluster_take_arrays(client, backend, make):
    set_backend(backend)
    shared = make()
    for _ in range(3):
        client.submit(processes.add_one, shared, pure=False).result()
    assert (shared.array == 3).all()


def test_a_mapping_made_after_a_pool_is_not_seen_by_it(make):
    set_backend("mmap")
    with processes.context("fork").Pool(1) as pool:
        shared = make()
        with pytest.raises(RuntimeError, match="forked from it later"):
            pool.apply(processes.add_one, (shared,))


@pytest.mark.parametrize("method", METHODS)
def test_a_payload_leads_to_a_segment(method, make):
    set_backend("shm")
    shared = make()
    in_child(method, processes.add_one_to_payload, shared.get_passing_payload())
    assert (shared.array == 1).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_payload_leads_to_a_memory_file_with_its_descriptor(method, make):
    set_backend("memfd")
    shared = make()
    payload = shared.get_passing_payload()
    start = processes.context(method)
    process = start.Process(target=_send_and_add_one, args=(_Sent(payload),))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert (shared.array == 1).all()


class _Sent:
    """A payload whose descriptor is handed over on the way, as programs for GridR do it."""

    def __init__(self, payload):
        self.payload = payload

    def __reduce__(self):
        return _received, (self.payload, multiprocessing.reduction.DupFd(self.payload["backend"]["fd"]))


def _received(payload, descriptor):
    payload["backend"]["fd"] = descriptor.detach()
    return _Sent(payload)


def _send_and_add_one(sent):
    processes.add_one_to_payload(sent.payload)


def test_a_payload_never_leads_to_a_mapping(make):
    set_backend("mmap")
    with pytest.raises(RuntimeError, match="payload"):
        SharedArray.from_payload(make().get_passing_payload())


def test_what_a_payload_holds(backend, make):
    shared = make((3, 4), ">f4")
    shared.array_slice = (slice(1, 2),)
    payload = shared.get_passing_payload()
    described = payload.pop("backend", None)
    assert payload == {
        "kind": backend,
        "shape": (3, 4),
        "dtype": ">f4",
        "name": shared.name,
        "array_slice": (slice(1, 2),),
    }
    if backend == "memfd":
        assert described.keys() >= {"fd", "size"}
        assert described["size"] == 48


def test_a_payload_keeps_any_type(make):
    set_backend("shm")
    shared = make((2,), [("row", "f8"), ("flag", "?")])
    shared.array["row"] = 5
    back = SharedArray.from_payload(shared.get_passing_payload())
    assert back.array.dtype == shared.dtype
    assert back.array["row"].tolist() == [5, 5]


@pytest.mark.parametrize(
    "payload",
    [
        {"kind": "file", "shape": (1,), "dtype": "f8", "name": "n", "array_slice": None},
        {"kind": "shm", "shape": (1,), "name": "n", "array_slice": None},
        {"kind": "memfd", "shape": (1,), "dtype": "f8", "name": "n", "array_slice": None},
        {},
    ],
)
def test_a_bad_payload_is_refused(payload):
    with pytest.raises(InvalidInputError, match="payload"):
        SharedArray.from_payload(payload)


def test_a_payload_of_nothing_is_an_error():
    shared = SharedArray((2,), "f8", "nothing", backend="memfd")
    with pytest.raises(BufferStateError, match="create"):
        shared.get_passing_payload()
    shared = SharedArray((2,), "f8", "nothing", backend="shm")
    with pytest.raises(FileNotFoundError, match="nothing"):
        SharedArray.from_payload(shared.get_passing_payload())


@pytest.mark.parametrize("method", METHODS)
def test_a_name_leads_to_a_segment(method, make):
    set_backend("shm")
    shared = make()
    in_child(method, processes.add_one_by_name, shared.shape, shared.dtype, shared.name, "shm")
    assert (shared.array == 1).all()


@pytest.mark.parametrize("kind", ["mmap", "memfd"])
def test_a_name_leads_a_forked_child_to_what_it_inherits(kind, make):
    set_backend(kind)
    shared = make()
    in_child("fork", processes.add_one_by_name, shared.shape, shared.dtype, shared.name, kind)
    assert (shared.array == 1).all()


def test_a_name_of_nothing_is_an_error(backend):
    with pytest.raises(RuntimeError, match="no buffer of the name 'nothing'") as caught:
        SharedArray((2,), "f8", "nothing").load()
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, BufferNotFoundError)


def test_a_name_is_taken_once(backend, make):
    shared = make()
    with pytest.raises(BufferExistsError, match="already"):
        SharedArray((3, 4), "f8", shared.name).create()
    shared.destroy()
    with SharedArray((3, 4), "f8", shared.name) as again:
        assert again.array is not None


def test_a_slice_shows_a_part(backend, make):
    whole = make((4, 5))
    whole.array[...] = np.arange(20).reshape(4, 5)
    part = SharedArray.clone(whole, array_slice=(slice(1, 3), slice(None, None, 2)))
    part.load()
    assert np.array_equal(part.array, whole.array[1:3, ::2])
    part.array[...] = -1
    assert (whole.array[1:3, ::2] == -1).all()
    back = pickle.loads(pickle.dumps(part))
    back.load()
    assert back.array.shape == (2, 3)


def test_close_keeps_the_buffer_and_destroy_does_not(backend, make):
    shared = make()
    shared.array[...] = 5
    shared.close()
    assert shared.array is None
    shared.close()
    shared.load()
    assert (shared.array == 5).all()
    sent = pickle.loads(pickle.dumps(shared)) if backend == "shm" else None
    shared.destroy()
    assert shared.array is None
    shared.destroy()
    with pytest.raises(RuntimeError, match="no buffer"):
        shared.load()
    if sent is not None:
        with pytest.raises(FileNotFoundError, match="destroyed"):
            sent.load()


def test_nothing_happens_before_there_is_a_buffer(backend):
    shared = SharedArray((2, 2), "f8", SharedArray.build_name())
    assert shared.array is None
    shared.close()
    shared.destroy()
    assert shared.array is None


def test_only_the_creator_destroys(backend, make):
    shared = make()
    shared.array[...] = 5
    in_child("fork", processes.destroy, shared)
    again = pickle.loads(pickle.dumps(shared))
    again.destroy()
    clone = SharedArray.clone(shared)
    clone.destroy()
    in_child("fork", processes.add_one, shared)
    assert (shared.array == 6).all()


def test_arguments_are_kept():
    shared = SharedArray(np.array([2, 3], "u1"), "f4", "1-a", [slice(1)])
    assert shared.shape == (2, 3)
    assert shared.dtype == np.float32
    assert shared.name == "1-a"
    assert shared.array_slice == (slice(1),)
    assert shared.nbytes == 24
    assert SharedArray((1,), None, "a").dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3, "f8", "a"), TypeError, "shape=3"),
        (((2.5,), "f8", "a"), TypeError, "shape"),
        (((2, 0), "f8", "a"), InvalidInputError, "positive"),
        (((2, -1), "f8", "a"), InvalidInputError, "positive"),
        (((2,), "U0", "a"), InvalidInputError, "0 bytes"),
        (((1 << 62,), "f8", "a"), InvalidInputError, "bytes"),
        (((2,), "O", "a"), UnsupportedDtypeError, "object"),
        (((2,), [("a", "O")], "a"), UnsupportedDtypeError, "objects"),
        (((2,), "f8", None), InvalidInputError, "name=None"),
        (((2,), "f8", ""), InvalidInputError, "name"),
        (((2,), "f8", "a/b"), InvalidInputError, "name"),
        (((2,), "f8", "é" * 101), InvalidInputError, "200 bytes"),
        (((2,), "f8", "a", (slice(1), slice(1))), InvalidInputError, "array_slice"),
        (((2,), "f8", "a", (1,)), InvalidInputError, "array_slice"),
    ],
)
def test_a_bad_argument_is_named(backend, arguments, error, text):
    with pytest.raises(error, match=text):
        SharedArray(*arguments)


def test_a_backend_may_be_given_for_one_array():
    with SharedArray((2,), "f8", "a", backend="memfd") as shared:
        assert shared.backend == "memfd"
    with pytest.raises(InvalidInputError, match="'file'"):
        SharedArray((2,), "f8", "a", backend="file")


def test_names_tell_counter_and_prefix():
    before = SharedArray.COUNTER
    name = SharedArray.build_name("buf")
    assert before + 1 == SharedArray.COUNTER
    assert re.fullmatch(rf"{before + 1}-buf-\d{{6}}-\d{{4}}-\d{{4}}-[0-9a-f-]{{36}}", name)
    for prefix in (None, ""):
        assert SharedArray.build_name(prefix).split("-")[1] == ""


def test_a_register_holds_the_arrays(backend):
    register = []
    shared = create_and_register((2,), "f8", register, prefix="buf")
    assert register[0] is shared
    assert re.match(r"\d+-buf-", shared.name)
    with pytest.raises(UnsupportedDtypeError):
        create_and_register((2,), "O", register)
    assert register == [shared]
    SharedArray.clear_buffers(register)
    assert register == [shared]
    assert shared.array is None
    SharedArray.clear_buffers(register)
    with pytest.raises(TypeError):
        SharedArray.clear_buffers(None)
    with pytest.raises(AttributeError):
        create_and_register((2,), "f8", None)


def test_a_wrapped_function_takes_arrays(backend, make):
    shared, other = make(), make()
    other.array[...] = 2

    @shared_array_wrap
    def add(a, b, *, factor=1, inside=()):
        """Add."""
        assert all(isinstance(one, SharedArray) for one in inside)
        a += b * factor
        return a

    assert add.__doc__ == "Add."
    result = add(shared, b=other, factor=3, inside=[other])
    assert shared.array is None
    assert other.array is None
    assert (result == 6).all()
    plain = np.ones((3, 4))
    assert add(plain, plain) is plain
    with pytest.raises(ValueError, match="broadcast"):
        add(shared, np.ones(5))
    assert shared.array is None


def test_a_context_creates_and_destroys(backend):
    with SharedArray((2,), "f8", SharedArray.build_name()) as shared:
        shared.array[...] = 3
        with pickle.loads(pickle.dumps(shared)) as received:
            assert received.array.tolist() == [3, 3]
        assert received.array is None
        in_child("fork", processes.add_one, shared)
        assert shared.array.tolist() == [4, 4]
    with pytest.raises(RuntimeError):
        shared.load()


def test_a_text_tells_what_it_is(backend, make):
    shared = make()
    assert backend in repr(shared)
    assert "not attached" not in repr(shared)
    shared.close()
    assert "not attached" in repr(shared)
