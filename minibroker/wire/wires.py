"""All servers of one process: which there are, how each is opened, and where it listens.

Rule: a server is imported when it is opened, so that one alone starts as fast as it can.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from minibroker.storage import Fsync

USUAL = {"kafka": 9092, "amqp": 5672, "aws": 4566, "redis": 6379}
"""The port on which clients look for each if they are not told another: Kafka's, RabbitMQ's and
Redis's own; for SQS and SNS that of LocalStack, since AWS has none on one's own machine."""

TITLES = {"kafka": "Kafka", "amqp": "RabbitMQ", "aws": "SQS and SNS", "redis": "Redis"}


class CannotOpen(Exception):
    """A server cannot be started: one sentence that says why."""


class Server(Protocol):
    """What all of them can do."""

    async def start(self) -> None:
        """Listen."""

    async def close(self) -> None:
        """Listen no more; all connections end."""


@dataclass(frozen=True)
class Options:
    """For `data` and `fsync` see `minibroker.storage`; `brokers` are Kafka's, `nodes` those of
    RabbitMQ."""

    host: str = "127.0.0.1"
    brokers: int = 1
    nodes: int = 1
    data: Path | None = None
    fsync: "Fsync" = "always"

    def ports(self, name: str) -> int:
        """How many ports the server of that name listens on, one after the other."""
        return {"kafka": self.brokers, "amqp": self.nodes}.get(name, 1)


@dataclass
class Wires:
    """The servers that run, by the names of `USUAL`."""

    servers: dict[str, Any] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    """Those that keep what they have on disk."""

    async def open(self, name: str, port: int, options: Options) -> None:
        """Start one. CannotOpen in a sentence: a port is taken, a directory cannot be used, a
        package is missing."""
        from minibroker.storage.errors import StorageError

        many = options.ports(name)
        ports = f"port {port}" if many == 1 else f"ports {port} to {port + many - 1}"
        try:
            server = _OPENERS[name](port, options)
            await server.start()
        except StorageError as error:
            raise CannotOpen(str(error)) from None
        except OSError as error:
            raise CannotOpen(
                f"cannot listen on {options.host}, {ports}, for {TITLES[name]}: {error.strerror}"
            ) from None
        except ImportError as error:
            raise CannotOpen(
                f"{TITLES[name]} needs the package {error.name!r}, which is not installed; "
                "install ackademy[wire]"
            ) from None
        self.servers[name] = server
        if options.data is not None and name in _KEEPING:
            self.kept.add(name)

    def where(self, name: str) -> str:
        """What a client is given."""
        server = self.servers[name]
        address: str = getattr(server, _ADDRESS[name])
        return address

    async def failed(self) -> None:
        """Return when one of them cannot go on: its disk took no more."""
        events = [each.failed for each in self.servers.values() if hasattr(each, "failed")]
        if not events:
            await asyncio.Event().wait()
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def close(self) -> None:
        """Close all. StorageError, when all are closed, if a disk did not take the last of it."""
        from minibroker.storage.errors import StorageError

        trouble: StorageError | None = None
        for server in self.servers.values():
            try:
                await server.close()
            except StorageError as error:
                trouble = error
        self.servers.clear()
        if trouble is not None:
            raise trouble


def _kafka(port: int, options: Options) -> Server:
    from minibroker.wire.kafka.server import KafkaServer

    ports = tuple(port + number if port else 0 for number in range(options.brokers))
    return KafkaServer(ports, host=options.host, data=options.data, fsync=options.fsync)


def _amqp(port: int, options: Options) -> Server:
    from minibroker.wire.amqp.server import AmqpServer

    data = None if options.data is None else options.data / "queues"
    return AmqpServer(port, options.host, nodes=options.nodes, data=data, fsync=options.fsync)


def _aws(port: int, options: Options) -> Server:
    from minibroker.wire.aws.server import AwsServer

    return AwsServer(port, options.host)


def _redis(port: int, options: Options) -> Server:
    from minibroker.wire.redis.server import RedisServer

    return RedisServer(port, options.host)


_OPENERS: dict[str, Callable[[int, Options], Server]] = {
    "kafka": _kafka,
    "amqp": _amqp,
    "aws": _aws,
    "redis": _redis,
}

_ADDRESS = {
    "kafka": "bootstrap_servers",
    "amqp": "addresses",
    "aws": "endpoint_url",
    "redis": "url",
}

_KEEPING = {"kafka", "amqp"}
