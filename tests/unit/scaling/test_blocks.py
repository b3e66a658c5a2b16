"""Arrays in memory files: their values, who sees what is written, and what they may take."""

import gc
import mmap
import os
import pickle
import threading

import dask
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gridr_dask import settings
from gridr_dask.errors import InvalidInputError
from gridr_dask.scaling import blocks, handles, memfd, results
from gridr_dask.scaling.blocks import Limits, Pool, is_untouched
from gridr_dask.scaling.broker import Broker
from gridr_dask.scaling.handles import Handle
from tests.processes import in_child, open_descriptors
from tests.unit.scaling.conftest import AMPLE


@pytest.fixture
def place(pool):
    results.provide(pool)
    yield pool
    results.provide(None)


def want(pool):
    """Let a pool make results in blocks."""
    pool.ask(pool.finish(filled()))
    assert pool.wanted


def number_of_files():
    gc.collect()
    return open_descriptors()


def filled(size=100_000):
    return np.arange(size, dtype="u1")


@pytest.mark.parametrize(
    "turned",
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[::2, 1:],
        lambda a: a[::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a[:1, :1],
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "f8", ">i4", "c16", "M8[s]", "?", "S5", [("a", "u1"), ("b", "f4")]])
def test_a_copy_has_type_shape_and_bytes_of_the_array(pool, turned, dtype):
    dtype = np.dtype(dtype)
    array = turned((np.arange(48 * dtype.itemsize) % 2).astype("u1").view(dtype).reshape(6, 8))
    copied = pool.copy(array)
    assert (copied.dtype, copied.shape, copied.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert not array.flags.forc or copied.strides == array.strides
    assert pool.block_of(copied) is not None


def test_a_copy_is_writeable_where_the_array_is(pool):
    array = filled()
    array.flags.writeable = False
    assert not pool.copy(array).flags.writeable
    assert pool.copy(array.copy()).flags.writeable


def test_neither_sees_what_the_other_writes(pool):
    array = filled()
    copied = pool.copy(array)
    array[:] = 1
    assert copied.tobytes() == filled().tobytes()
    copied[:] = 2
    assert array.max() == 1


def test_the_kernel_tells_which_blocks_were_written(pool):
    copied = pool.copy(filled())
    _, mapping = pool.block_of(copied)
    assert is_untouched(mapping)
    copied.sum()
    assert is_untouched(mapping)
    copied[77_777] += 1
    assert not is_untouched(mapping)


def test_what_cannot_be_told_counts_as_written(pool, monkeypatch):
    _, mapping = pool.block_of(pool.copy(filled()))

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert not is_untouched(mapping)


def test_a_sealed_file_cannot_be_written_by_others(pool):
    block, _ = pool.block_of(pool.copy(filled()))
    with pytest.raises(PermissionError):
        memfd.map_shared(block.descriptor, 10)
    with pytest.raises(PermissionError):
        os.pwrite(block.descriptor, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(block.descriptor, 0)


def test_views_lie_in_the_block(pool):
    copied = pool.copy(filled())
    block, _ = pool.block_of(copied)
    for view in (copied[5:], copied[::-2], copied.reshape(1000, 100).T, copied.view("u2")[3:][:7]):
        assert pool.block_of(view)[0] is block
    assert pool.block_of(filled()) is None
    assert pool.block_of(np.frombuffer(mmap.mmap(-1, 10), "u1")) is None


def test_descriptors_are_closed_with_the_last_view(pool):
    before = number_of_files()
    view = pool.copy(filled())[3:]
    token = pool.block_of(view)[0].token
    assert number_of_files() > before
    assert len(pool) == 1
    assert pool.find(token) is not None
    del view
    assert number_of_files() == before
    assert len(pool) == pool.size == 0
    assert pool.find(token) is None


def test_no_more_bytes_than_the_limit():
    pool = Pool(Limits(1, 64, 250_000))
    held = [pool.copy(filled()) for _ in range(3)]
    assert [each is None for each in held] == [False, False, True]
    assert pool.size == 200_000
    del held[0]
    assert pool.copy(filled()) is not None


def test_no_more_descriptors_than_the_limit():
    pool = Pool(Limits(1, 10, 1 << 30))
    before = number_of_files()
    held = [pool.copy(filled()) for _ in range(20)]
    assert number_of_files() - before <= 10
    assert sum(each is not None for each in held) == len(pool) >= 5
    assert not pool.can_adopt()


def test_a_system_without_descriptors_is_no_failure(pool, monkeypatch):
    def refuse(*_):
        raise OSError(24, "too many open files")

    monkeypatch.setattr(memfd, "create", refuse)
    assert pool.copy(filled()) is None
    want(pool)
    assert pool.block_of(pool.empty((9,), "u1")) is None


@pytest.mark.parametrize("broken", ["map_private", "map_shared"])
def test_a_system_without_address_space_is_no_failure(pool, monkeypatch, broken):
    def refuse(*_):
        raise OSError(12, "cannot allocate memory")

    want(pool)
    monkeypatch.setattr(memfd, broken, refuse)
    array = pool.empty((100_000,), "u1")
    array[:] = filled()
    assert pool.finish(array).tobytes() == filled().tobytes()
    if broken == "map_private":
        assert pool.copy(filled()) is None


@pytest.mark.parametrize(
    ("array", "taken"),
    [
        (np.zeros(10), True),
        (np.zeros(9), False),
        (np.zeros(20, object), False),
        (np.ma.zeros(20), False),
        (np.zeros((4, 4)).view(np.matrix), False),
        (np.broadcast_to(np.zeros(1), 20), False),
        (np.zeros(20, "V0"), False),
        (np.zeros(20)[::2], True),
    ],
)
def test_blocks_are_for_plain_arrays_of_some_size(array, taken):
    assert Pool(Limits(80, 64, 1 << 20)).takes(array) == taken


def result(value=0):
    array = results.empty((100_000,), "u1")
    array[:] = filled() + value
    return results.finish(array)


def test_results_are_made_in_blocks_while_half_of_them_are_asked_for(place):
    ordinary = result()
    assert place.block_of(ordinary) is None
    place.ask(filled())
    assert not place.wanted
    place.ask(ordinary)
    assert place.wanted
    born = result(1)
    assert born.tobytes() == (filled() + 1).tobytes()
    assert is_untouched(place.block_of(born)[1])
    others = [result(2), result(3)]
    assert [place.block_of(each) is not None for each in others] == [True, False]
    for _ in range(2):
        place.ask(ordinary)
        place.ask(born)
    assert place.wanted
    for _ in range(100):
        result()
    assert not place.wanted
    for _ in range(100):
        place.ask(result())
    assert place.wanted


def test_a_finished_result_is_the_task_s_alone(place):
    place.ask(result())
    finished = result()
    block, _ = place.block_of(finished)
    finished[3] = 0
    assert os.pread(block.descriptor, 5, 0) == bytes(range(5))


def test_results_without_a_place_are_numpys():
    array = results.empty((3,), "u1")
    assert array.base is None
    assert results.finish(array) is array


def test_a_forked_child_has_ordinary_memory_and_no_pool(place):
    want(place)
    handles.receive_into(place)
    held, over = threading.Event(), threading.Event()

    def hold():
        with place._lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        content, place_of_child, pool_of_child = in_child("fork", _in_forked)
    finally:
        over.set()
        thread.join()
        handles.receive_into(None)
    assert content == filled().tobytes()
    assert (place_of_child, pool_of_child) == (None, None)
    assert place.block_of(result()) is not None  # the parent goes on


def _in_forked():
    return result().tobytes(), results._place, handles._pool


def test_small_results_are_ordinary(place):
    want(place)
    place.limits = Limits(10, 64, 1 << 20)
    assert place.block_of(results.empty((9,), "u1")) is None
    assert place.block_of(results.empty((10,), "u1")) is not None


@given(
    array=arrays.arrays(
        dtype=st.sampled_from(["u1", ">f4", "c16", "M8[s]"]),
        shape=arrays.array_shapes(max_dims=3),
    ),
    seed=st.integers(0, 7),
)
def test_a_handle_becomes_the_array_that_it_stands_for(array, seed):
    pool = Pool(AMPLE)
    broker = Broker(pool)
    try:
        view = pool.copy(array)
        view = (view, view.T, view[::-1], view[..., ::2])[seed % 4]
        got = pickle.loads(pickle.dumps(Handle.of(view, pool, broker.name)))
    finally:
        broker.close()
    assert (got.dtype, got.shape, got.tobytes()) == (view.dtype, view.shape, view.tobytes())
    assert got.flags.writeable == view.flags.writeable


def test_the_receiver_writes_for_itself(pool, broker):
    sent = pool.copy(filled())
    got = pickle.loads(pickle.dumps(Handle.of(sent, pool, broker.name)))
    got += 1
    assert sent.tobytes() == filled().tobytes()
    again = pickle.loads(pickle.dumps(Handle.of(sent, pool, broker.name)))
    assert again.tobytes() == filled().tobytes()


def test_the_receiver_hands_on_what_it_got_when_the_owner_is_gone(pool, broker):
    receiver = Pool(AMPLE)
    handles.receive_into(receiver)
    try:
        sent = pool.copy(filled())
        got = pickle.loads(pickle.dumps(Handle.of(sent, pool, broker.name)))
    finally:
        handles.receive_into(None)
    del sent
    broker.close()
    second = Broker(receiver)
    try:
        third = pickle.loads(pickle.dumps(Handle.of(got, receiver, second.name)))
    finally:
        second.close()
    assert third.tobytes() == filled().tobytes()
    assert receiver.size == 0  # it has made nothing
    assert len(receiver) == 1


def test_a_receiver_without_room_gets_a_copy(pool, broker):
    sent = pool.copy(filled())[10:]
    handles.receive_into(Pool(Limits(1, 0, 1 << 20)))
    try:
        got = pickle.loads(pickle.dumps(Handle.of(sent, pool, broker.name)))
    finally:
        handles.receive_into(None)
    assert got.tobytes() == sent.tobytes()
    assert got.flags.writeable


def test_a_receiver_without_address_space_gets_a_copy(pool, broker, monkeypatch):
    sent = pool.copy(filled())
    handle = pickle.dumps(Handle.of(sent, pool, broker.name))

    def refuse(*_):
        raise OSError(12, "cannot allocate memory")

    monkeypatch.setattr(memfd, "map_private", refuse)
    assert pickle.loads(handle).tobytes() == filled().tobytes()


def test_a_block_that_is_gone_is_an_oserror(pool, broker):
    handle = pickle.dumps(Handle.of(pool.copy(filled()), pool, broker.name))
    with pytest.raises(ConnectionError):
        pickle.loads(handle)


def test_a_broker_that_is_gone_is_an_oserror(pool):
    broker = Broker(pool)
    sent = pool.copy(filled())
    broker.close()
    assert not broker.running
    with pytest.raises(ConnectionRefusedError):
        pickle.loads(pickle.dumps(Handle.of(sent, pool, broker.name)))


@pytest.mark.parametrize("receiver", [None, Pool(AMPLE)])
def test_another_file_is_refused(pool, broker, receiver):
    first, other = pool.copy(filled()), pool.copy(filled())
    cls, arguments = Handle.of(first, pool, broker.name).__reduce__()
    swapped = list(arguments)
    swapped[2] = pool.block_of(other)[0].identity
    handles.receive_into(receiver)
    before = number_of_files()
    try:
        with pytest.raises(OSError, match="not the shared buffer"):
            cls(*swapped)
    finally:
        handles.receive_into(None)
    assert number_of_files() == before


@pytest.mark.parametrize(
    "broken",
    [{"offset": 10**9}, {"offset": -1}, {"shape": (10**9,)}, {"strides": (7**9,)}, {"dtype": "nonsense"}],
)
def test_a_description_that_does_not_fit_is_an_oserror(pool, broker, broken):
    sent = pool.copy(filled())
    cls, arguments = Handle.of(sent, pool, broker.name).__reduce__()
    names = [*Handle.__dataclass_fields__]
    with pytest.raises(OSError, match="could not be attached"):
        cls(*(broken.get(name, value) for name, value in zip(names, arguments, strict=True)))


def test_what_gives_access_is_in_no_repr(pool, broker):
    sent = pool.copy(filled())
    handle = Handle.of(sent, pool, broker.name)
    block = pool.find(handle.token)
    for shown in (repr(handle), str(handle), repr(block), repr(pool), repr(broker), f"{block.identity}"):
        assert handle.token.hex() not in shown
        assert repr(handle.token) not in shown
        assert broker.name not in shown


def test_an_ordinary_array_has_no_handle(pool):
    with pytest.raises(ValueError, match="no block"):
        Handle.of(filled(), pool, "nobody")


@pytest.mark.parametrize("value", ["nonsense", 0, -1, None, [], "1 apple"])
def test_a_threshold_is_a_number_of_bytes(value):
    with (
        dask.config.set({"gridr.shared.threshold": value}),
        pytest.raises(InvalidInputError, match=r"gridr\.shared\.threshold"),
    ):
        settings.shared_threshold()


@pytest.mark.parametrize("value", ["nonsense", -0.1, 1.1, None, float("nan")])
def test_a_fraction_is_from_0_to_1(value):
    with (
        dask.config.set({"gridr.shared.fraction": value}),
        pytest.raises(InvalidInputError, match=r"gridr\.shared\.fraction"),
    ):
        settings.shared_fraction()


def test_an_error_names_what_was_given():
    with pytest.raises(InvalidInputError, match=r"^threshold='x' must be a positive number of bytes"):
        settings.shared_threshold("x")
    with pytest.raises(InvalidInputError, match=r"^fraction=2 must be"):
        settings.shared_fraction(2)


def test_a_system_that_cannot_seal_is_known(monkeypatch):
    assert memfd.can_seal()

    def refuse(*_):
        raise OSError(22, "invalid argument")

    before = number_of_files()
    monkeypatch.setattr(memfd, "seal", refuse)
    assert not memfd.can_seal()
    assert number_of_files() == before


def test_a_result_that_cannot_be_sealed_is_ordinary(place, monkeypatch):
    want(place)
    array = results.empty((100_000,), "u1")
    array[:] = filled()

    def refuse(*_):
        raise OSError(22, "invalid argument")

    monkeypatch.setattr(memfd, "seal", refuse)
    finished = results.finish(array)
    assert finished.tobytes() == filled().tobytes()
    assert place.block_of(finished) is None


def test_settings_have_defaults():
    assert settings.shared_threshold() == 1 << 20
    assert settings.shared_fraction() == 0.3
    assert settings.shared_threshold("64 kiB") == 1 << 16
    assert settings.shared_fraction(1) == 1


def test_the_address_of_a_mapping_is_that_of_its_first_byte(pool):
    copied = pool.copy(filled())
    _, mapping = pool.block_of(copied)
    assert blocks.address_of(mapping) == copied.__array_interface__["data"][0]
