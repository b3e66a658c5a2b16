"""Hands the blocks of a process to others that know their token: a descriptor each, or the bytes.

A request is one operation and a token. Whatever else comes, or comes too slowly, the connection is closed.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import time
from contextlib import suppress

from gridr_dask.scaling import descriptors
from gridr_dask.scaling.blocks import Pool

__all__ = ["Broker", "fetch", "read_into"]

_logger = logging.getLogger(__name__)
_DESCRIPTOR, _BYTES = b"d", b"b"
_OK = b"+"
_NO_BLOCK = "the broker does not have the block"
_REQUEST = 1 + 16
_PATIENCE = 10.0
"""Seconds that each step of an exchange may take."""
_PAUSE = 0.05
"""Seconds until a process without descriptors looks whether it has one."""
_CLIENTS = 64
"""Connections at once; others are closed."""


class Broker:
    """A thread that answers requests for the blocks of a pool, until it is closed.

    Raises
    ------
    OSError, RuntimeError
        If the system has no more sockets, or threads.
    """

    def __init__(self, pool: Pool, patience: float = _PATIENCE) -> None:
        self._pool, self._patience = pool, patience
        self._refused_users = False
        self._clients = threading.BoundedSemaphore(_CLIENTS)
        self._listener, self.name = descriptors.listen()
        self._thread = threading.Thread(target=self._accept, name="gridr-broker", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._listener.close()
            raise

    @property
    def running(self) -> bool:
        """Whether somebody answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Answer nobody any more. Blocks that others have mapped stay with them."""
        with suppress(OSError):  # when it is closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(self._patience)

    def _accept(self) -> None:
        spare = _reserve()
        with self._listener:
            while True:
                try:
                    connection, _ = self._listener.accept()
                except OSError as error:
                    if error.errno in (errno.EINVAL, errno.EBADF):
                        break  # closed
                    # No descriptor for the connection: it gets the spare one, or waits.
                    if spare is None:
                        time.sleep(_PAUSE)
                        spare = _reserve()
                    else:
                        os.close(spare)
                        spare = None
                    continue
                self._begin(connection)
                spare = _reserve() if spare is None else spare
        if spare is not None:
            os.close(spare)

    def _begin(self, connection: socket.socket) -> None:
        """Serve a client in a thread, or turn it away if there are too many of one or the other."""
        if not self._clients.acquire(blocking=False):
            connection.close()
            return
        try:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except RuntimeError:
            self._clients.release()
            connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(self._patience)
                if not descriptors.same_user(connection):
                    # One warning: they may come as often as they like.
                    level = logging.DEBUG if self._refused_users else logging.WARNING
                    self._refused_users = True
                    _logger.log(level, "another user has asked for a block, and was refused")
                    return
                self._answer(connection)
        except OSError as error:
            _logger.debug("a request for a block ended with %r", error)
        finally:
            self._clients.release()

    def _answer(self, connection: socket.socket) -> None:
        request = bytearray(_REQUEST)
        descriptors.receive_exactly(connection, memoryview(request))
        operation, block = bytes(request[:1]), self._pool.find(bytes(request[1:]))
        if block is None:
            return
        if operation == _DESCRIPTOR:
            descriptors.send(connection, _OK, block.descriptor)
        elif operation == _BYTES:
            connection.sendall(_OK)
            position = 0
            while position < block.identity.size:
                piece = os.pread(block.descriptor, 1 << 20, position)
                connection.sendall(piece)
                position += len(piece)


def _reserve() -> int | None:
    """Return a descriptor that can be given up, or None if there are no more."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def fetch(name: str, token: bytes) -> int | None:
    """Return a descriptor of a block, or None if this process cannot have one more.

    Raises
    ------
    OSError
        If the broker of this name is gone, or does not know the token.
    """
    with _asked(name, _DESCRIPTOR + token) as connection:
        status, descriptor = descriptors.receive(connection)
    if status != _OK:
        raise ConnectionError(_NO_BLOCK)
    return descriptor


def read_into(name: str, token: bytes, buffer: memoryview) -> None:
    """Fill a buffer with the bytes of a block.

    Raises
    ------
    OSError
        As `fetch`.
    """
    status = bytearray(1)
    with _asked(name, _BYTES + token) as connection:
        descriptors.receive_exactly(connection, memoryview(status))
        if status != _OK:
            raise ConnectionError(_NO_BLOCK)
        descriptors.receive_exactly(connection, buffer)


def _asked(name: str, request: bytes) -> socket.socket:
    connection = descriptors.connect(name, _PATIENCE)
    try:
        connection.sendall(request)
    except BaseException:
        connection.close()
        raise
    return connection
