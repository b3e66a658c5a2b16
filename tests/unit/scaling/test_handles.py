"""Handles of blocks: what becomes of them where they are received."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gridr_dask.scaling import handles, memfd
from gridr_dask.scaling.blocks import Limits, Pool
from gridr_dask.scaling.broker import Broker
from gridr_dask.scaling.handles import Handle
from tests.unit.scaling.pools import AMPLE, filled, number_of_files


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
