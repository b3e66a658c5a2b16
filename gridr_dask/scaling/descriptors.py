"""File descriptors through abstract Unix sockets, between processes of one user.

An abstract socket has a name in its network namespace and no file: see unix(7). Everybody there can read the
name in /proc/net/unix, so it protects nothing: both ends ask the kernel whose process the other one is.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import struct

__all__ = ["connect", "listen", "receive", "receive_exactly", "same_user", "send"]

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_DESCRIPTOR = struct.Struct("i")
_WAITING = 128
"""How many peers may wait to be accepted."""


def listen() -> tuple[socket.socket, str]:
    """Return a listening socket, and its name, which no other has."""
    name = f"gridr-{secrets.token_hex(16)}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(f"\0{name}")
        listener.listen(_WAITING)
    except BaseException:
        listener.close()
        raise
    return listener, name


def connect(name: str, timeout: float) -> socket.socket:
    """Return a connection with the listener of this name, every step of which ends after `timeout` seconds.

    Raises
    ------
    OSError
        If nobody listens, or somebody who is another user.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(f"\0{name}")
        if not same_user(connection):
            raise PermissionError(errno.EACCES, "the listener is another user")
    except BaseException:
        connection.close()
        raise
    return connection


def same_user(connection: socket.socket) -> bool:
    """Return whether the other end is a process of the user who runs this one."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(found)[1] == os.geteuid())


def send(connection: socket.socket, status: bytes, descriptor: int) -> None:
    """Send a byte with a descriptor, which the other end gets as one of its own."""
    socket.send_fds(connection, [status], [descriptor])


def receive(connection: socket.socket) -> tuple[bytes, int | None]:
    """Return a byte, or none at the end of the connection, with the descriptor that came with it, or None.

    The descriptor is closed on exec. None comes, too, when this process can't have more of them.
    """
    # Not `recv_fds`, which drops the flag.
    size = socket.CMSG_SPACE(_DESCRIPTOR.size)
    status, ancillary, _, _ = connection.recvmsg(1, size, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if (level, kind, len(content)) == (socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.size):
            return status, _DESCRIPTOR.unpack(content)[0]
    return status, None


def receive_exactly(connection: socket.socket, buffer: memoryview) -> None:
    """Fill a buffer of bytes.

    Raises
    ------
    ConnectionError
        If the connection ends before.
    """
    while buffer:
        count = connection.recv_into(buffer)
        if not count:
            raise ConnectionError("the connection ended too early")
        buffer = buffer[count:]
