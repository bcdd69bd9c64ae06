"""One broker of the server: its number, where it listens, and who is connected to it."""

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minibroker.wire.kafka.connection import Connection
    from minibroker.wire.kafka.server import KafkaServer

log = logging.getLogger(__name__)


class Broker:
    """It listens from `open` to `close`, and on the same port each time."""

    def __init__(self, server: "KafkaServer", number: int, host: str, port: int) -> None:
        self.server, self.number, self.host, self.port = server, number, host, port
        self.connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    async def open(self) -> None:
        """Take connections; OSError if the port is taken."""
        from minibroker.wire.kafka.connection import Connection

        self._listener = await self.server.loop.create_server(
            lambda: Connection(self), self.host, self.port, ssl=self.server.tls, backlog=512
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close the port and all connections."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self.connections):
            connection.abort()

    @property
    def listens(self) -> bool:
        """Whether it takes connections."""
        return self._listener is not None
