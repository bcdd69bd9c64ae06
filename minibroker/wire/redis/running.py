"""The server for those who have no event loop: a notebook, a test.

>>> with start() as redis:
...     redis.url.startswith("redis://127.0.0.1:")
True
"""

from types import TracebackType

from minibroker.wire.redis.server import RedisServer


class Running:
    """A server on threads of its own, until `close`, the end of the ``with``, or that of the
    process."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        server.open()
        self.url, self.host, self.port = server.url, server.host, server.port

    def close(self) -> None:
        """Close all connections and the port. Closing it again is no error."""
        self.server.shut()

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def start(port: int = 0, host: str = "127.0.0.1") -> Running:
    """A Redis on a free port of this machine."""
    return Running(RedisServer(port, host))
