"""Who gets a block from a broker, and who gets nothing."""

import contextlib
import logging
import os
import resource
import socket
import threading

import numpy as np
import pytest

from gridr_dask.scaling import broker as module
from gridr_dask.scaling import descriptors
from gridr_dask.scaling.blocks import Pool
from gridr_dask.scaling.broker import Broker, fetch, read_into
from tests.processes import in_child, wait_for
from tests.unit.scaling.pools import AMPLE

OTHER_USER = 65534
PRIVILEGED = os.geteuid() == 0


@pytest.fixture
def block(pool):
    array = np.arange(3 << 20, dtype="u1")
    copied = pool.copy(array)
    yield pool.block_of(copied)[0]
    del copied


def serves(broker, block):
    """Whether the broker still does its work."""
    os.close(fetch(broker.name, block.token))
    return True


def raw(broker):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(f"\0{broker.name}")
    return connection


def answer(connection, request):
    """What a client gets: the status and a descriptor, or nothing."""
    try:
        connection.sendall(request)
        return descriptors.receive(connection)
    except ConnectionError:
        return b"", None


def wait_for_clients(broker, count):
    wait_for(lambda: module._CLIENTS - broker._clients._value == count)


def test_a_descriptor_is_that_of_the_block(broker, block):
    descriptor = fetch(broker.name, block.token)
    try:
        assert os.path.sameopenfile(descriptor, block.descriptor)
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_bytes_are_those_of_the_block(broker, block):
    content = np.empty(block.identity.size, "u1")
    read_into(broker.name, block.token, content.data)
    assert content.tobytes() == os.pread(block.descriptor, block.identity.size, 0)


def test_nothing_is_had_without_the_token(broker, block):
    for token in (bytes(16), block.token[::-1], os.urandom(16)):
        with pytest.raises(ConnectionError):
            fetch(broker.name, token)
        with pytest.raises(ConnectionError):
            read_into(broker.name, token, np.empty(3, "u1").data)
    assert serves(broker, block)


@pytest.mark.parametrize(
    "message",
    [b"x" + bytes(16), b"d", b"", b"\0" * 1000, b"d" + bytes(15), os.urandom(1 << 16), b"D" + bytes(16)],
    ids=lambda message: f"{len(message)} {message[:2]!r}",
)
def test_a_malformed_request_ends_the_connection(broker, block, message):
    with raw(broker) as connection:
        connection.sendall(message)
        if len(message) < module._REQUEST:
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert serves(broker, block)


def test_an_unknown_operation_on_a_block_gets_nothing(broker, block):
    with raw(broker) as connection:
        connection.sendall(b"x" + block.token)
        assert connection.recv(1) == b""


def test_descriptors_that_come_with_a_request_are_not_looked_at(broker, block):
    with raw(broker) as connection, open(os.devnull) as file:
        socket.send_fds(connection, [b"d" + block.token], [file.fileno()])
        status, descriptor = descriptors.receive(connection)
        assert status == b"+"
        os.close(descriptor)


def test_a_slow_client_keeps_nobody_waiting(broker, block):
    with raw(broker) as slow, raw(broker) as stuck:
        slow.sendall(b"d")
        stuck.sendall(b"b" + block.token)  # and reads nothing
        wait_for_clients(broker, 2)
        assert serves(broker, block)
        slow.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is waited for still
            slow.recv(1)


def test_a_slow_client_is_given_up(pool, block):
    broker = Broker(pool, patience=0.1)
    with raw(broker) as slow, raw(broker) as stuck:
        slow.sendall(b"d")
        stuck.sendall(b"b" + block.token)
        assert slow.recv(1) == b""
        wait_for_clients(broker, 0)
        with pytest.raises(ConnectionError):
            descriptors.receive_exactly(stuck, np.empty(1 + block.identity.size, "u1").data)
    broker.close()


def test_too_many_clients_are_turned_away(pool, block, monkeypatch):
    monkeypatch.setattr(module, "_CLIENTS", 2)
    broker = Broker(pool)
    with raw(broker), raw(broker):
        wait_for_clients(broker, 2)
        with raw(broker) as late:
            assert answer(late, b"d" + block.token) == (b"", None)
    wait_for_clients(broker, 0)
    assert serves(broker, block)
    broker.close()


def no_thread(self):
    raise RuntimeError("can't start new thread")


def test_a_system_without_threads_ends_no_broker(broker, block, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", no_thread)
        for _ in range(module._CLIENTS + 1):  # nor does any of them keep its place
            with raw(broker) as connection:
                assert answer(connection, b"d" + block.token) == (b"", None)
    assert broker.running
    assert serves(broker, block)


def test_a_broker_without_a_thread_has_no_socket(pool, monkeypatch):
    made = []
    listen = descriptors.listen
    monkeypatch.setattr(descriptors, "listen", lambda: made.append(listen()) or made[0])
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(RuntimeError, match="new thread"):
        Broker(pool)
    assert made[0][0].fileno() == -1


def test_a_closed_broker_has_no_thread_and_no_socket(pool, block):
    broker = Broker(pool)
    assert broker.running
    broker.close()
    broker.close()
    assert not broker.running
    assert not broker._thread.is_alive()
    assert broker._listener.fileno() == -1
    with pytest.raises(ConnectionRefusedError):
        fetch(broker.name, block.token)


def test_each_broker_has_a_name_of_its_own(pool):
    names = set()
    for _ in range(3):
        broker = Broker(pool)
        names.add(broker.name)
        broker.close()
    assert len(names) == 3


def _limited():
    """In a process of its own: a broker and a client that have hardly a descriptor left."""
    pool = Pool(AMPLE)
    broker = Broker(pool)
    copied = pool.copy(np.arange(100, dtype="u1"))
    token = pool.block_of(copied)[0].token
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(0)
    os.close(highest)
    content = np.empty(100, "u1")
    answers = []
    for left in (0, 2, 3, 4):
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + left, most))
        try:
            descriptor = fetch(broker.name, token)
            if descriptor is not None:
                os.close(descriptor)
            read_into(broker.name, token, content.data)
            answers.append((descriptor is not None, content.sum() == 99 * 50))
        except OSError as error:
            answers.append(type(error).__name__)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    return answers, fetch(broker.name, token) is not None


def test_a_process_without_descriptors_streams_bytes_and_recovers():
    answers, later = in_child("spawn", _limited)
    assert later is True
    # Not one for a socket; then one for the client, one for the broker, and at last one for the block.
    assert answers[0] == "OSError"
    assert answers[-1] == (True, True)
    assert {each[1] for each in answers[2:]} == {True}


def _as(user, name, token):
    """Ask as another user: as a client does, and past the check of the client's own side."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    try:
        fetch(name, token)
        first = "got it"
    except OSError as error:
        first = type(error).__name__
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(60)
        plain.connect(f"\0{name}")
        return first, answer(plain, b"d" + token)


@pytest.mark.parametrize("user", [OTHER_USER] if PRIVILEGED else [])
def test_another_user_gets_nothing(broker, block, user, caplog):
    with caplog.at_level(logging.DEBUG):
        assert in_child("spawn", _as, user, broker.name, block.token) == ("PermissionError", (b"", None))
        wait_for_clients(broker, 0)
    said = [record.levelname for record in caplog.records if "another user" in record.message]
    assert sorted(said) == ["DEBUG", "WARNING"]  # warned of once
    assert block.token.hex() not in caplog.text
    assert broker.name not in caplog.text
    assert serves(broker, block)


@pytest.mark.parametrize("user", [OTHER_USER] if PRIVILEGED else [])
def test_the_same_user_in_another_process_gets_it(broker, block, user):
    # The opposite of the last test: what refuses there is the user, and nothing else.
    assert in_child("spawn", _as, os.geteuid(), broker.name, block.token)[0] == "got it"


def test_a_listener_of_another_user_is_not_trusted(broker, block, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(PermissionError, match="another user"):
        fetch(broker.name, block.token)
