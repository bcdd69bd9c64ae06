"""A client that sends whatever a test wants it to."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minibroker.wire.kafka.messages import KEYS, schema


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A connection to one broker; whatever it is waited for comes within ten seconds."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        yield connection


def frame(body: bytes) -> bytes:
    """With its length."""
    return struct.pack(">i", len(body)) + body


def request(name: str, version: int, body: bytes, correlation: int = 7) -> bytes:
    """A request as it is sent; `body` begins after the header."""
    head = struct.pack(">hhih", KEYS[name], version, correlation, 4) + b"test"
    if schema(name, version).flexible:
        head += b"\x00"
    return frame(head + body)


def answer(connection: socket.socket) -> bytes | None:
    """The next answer from its correlation id on; None if the broker closed the connection."""
    head = exactly(connection, 4)
    return None if head is None else exactly(connection, struct.unpack(">i", head)[0])


def exactly(connection: socket.socket, size: int) -> bytes | None:
    """So many bytes, None if the other side ends before."""
    data = b""
    while len(data) < size:
        try:
            more = connection.recv(size - len(data))
        except ConnectionResetError:
            more = b""
        if not more:
            return None
        data += more
    return data


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it, which is waited for."""
    return exactly(connection, 1) is None


def api_versions(connection: socket.socket) -> Any:
    """Ask what is served, in version 0."""
    connection.sendall(request("api_versions", 0, b""))
    found = answer(connection)
    assert found is not None
    assert found[:4] == b"\x00\x00\x00\x07"
    return found[4:]
