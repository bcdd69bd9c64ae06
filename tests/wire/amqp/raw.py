"""A client that sends whatever a test wants it to."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pamqp import commands

from minibroker.wire.amqp import frames, methods
from minibroker.wire.amqp.running import Running
from tests.wire.waiting import PATIENCE

PLAIN = b"\0guest\0guest"

TUNED = (2047, 131_072, 0)

CAPABLE = {
    "capabilities": {
        "authentication_failure_close": True,
        "consumer_cancel_notify": True,
        "connection.blocked": True,
    }
}


class Raw:
    """One connection. What comes is read frame by frame."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def send(self, number: int, kind: type[methods.Method], *values: object) -> None:
        """Send a method."""
        self.frame(frames.METHOD, number, methods.written(kind, *values))

    def frame(self, kind: int, number: int, payload: bytes) -> None:
        """Send a frame."""
        self.socket.sendall(frames.frame(kind, number, payload))

    def ask(self, number: int, kind: type[methods.Method], *values: object) -> Any:
        """Send a method; gives the next one that comes."""
        self.send(number, kind, *values)
        return self.method()

    def read(self) -> tuple[int, int, bytes] | None:
        """Type, channel and payload of the next frame; None when the server has closed."""
        head = self._exactly(7)
        if head is None:
            return None
        rest = self._exactly(int.from_bytes(head[3:7], "big") + 1)
        return None if rest is None else (head[0], int.from_bytes(head[1:3], "big"), rest[:-1])

    def method(self) -> Any:
        """The next method; None when the server has closed."""
        while (found := self.read()) is not None:
            if found[0] == frames.METHOD:
                return methods.read(found[2])
        return None

    def is_closed(self) -> bool:
        """Whether the server has closed it, which is waited for."""
        while self.read() is not None:
            pass
        return True

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            data += more
        return data

    def start(self, properties: dict[str, Any] = CAPABLE, response: bytes = PLAIN) -> Any:
        """Say who it is; gives what comes."""
        self.socket.sendall(frames.HEADER_091)
        assert isinstance(self.method(), commands.Connection.Start)
        return self.ask(0, commands.Connection.StartOk, properties, "PLAIN", response, "en_US")

    def open(self, *tuned: int) -> None:
        """Come as far as a running connection with channel 1."""
        assert isinstance(self.start(), commands.Connection.Tune)
        self.send(0, commands.Connection.TuneOk, *(tuned or TUNED))
        opened = self.ask(0, commands.Connection.Open, "/", "", False)
        assert isinstance(opened, commands.Connection.OpenOk)
        self.channel(1)

    def channel(self, number: int) -> None:
        """Open a channel."""
        assert isinstance(self.ask(number, commands.Channel.Open, ""), commands.Channel.OpenOk)


@contextmanager
def connected(rabbit: Running) -> Iterator[Raw]:
    """A connection on which nothing was sent yet."""
    with socket.create_connection((rabbit.host, rabbit.port), PATIENCE) as connection:
        yield Raw(connection)


@contextmanager
def opened(rabbit: Running, *tuned: int) -> Iterator[Raw]:
    """A connection with channel 1."""
    with connected(rabbit) as raw:
        raw.open(*tuned)
        yield raw
