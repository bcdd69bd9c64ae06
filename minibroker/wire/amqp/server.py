"""The server: one virtual host, on an event loop.

Rule: everything here and below runs on the loop's thread; `minibroker.wire.amqp.running` is for
other threads. The engine is called by frames and timers only, one at a time.
"""

import asyncio
import base64
import logging
import os
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minibroker.queues.broker import Broker
from minibroker.sim.trace import NoTrace, Trace
from minibroker.wire.amqp.connection import Connection
from minibroker.wire.amqp.faults import Faults
from minibroker.wire.amqp.handshake import HEARTBEAT
from minibroker.wire.timers import Timers, WallClock

if TYPE_CHECKING:  # with the log engine behind them they take a while
    from minibroker.storage import Fsync, QueueDisk, StorageError

log = logging.getLogger(__name__)


class AmqpServer:
    """`port` is where it listens, or several are; 0 is any that is free. With `nodes` it is a
    cluster of so many, on ports from there on, or one port each. `users` are names and passwords;
    ``guest`` is let in from this machine only. `heartbeat` is what clients are offered, in seconds.
    `permit` names deprecated features that may be used all the same, as RabbitMQ's
    ``deprecated_features.permit`` does: ``transient_nonexcl_queues``, ``global_qos``. `tls`, a
    context or the paths of a certificate and its key, makes it speak TLS. With `data`, a directory,
    durable queues are kept there, and only one node may be; for `fsync` see
    `minibroker.storage.files.Fsync`. A `trace` that is kept grows with every message."""

    def __init__(
        self,
        port: int | Sequence[int] = 0,
        host: str = "127.0.0.1",
        *,
        nodes: int = 1,
        users: Mapping[str, str] | None = None,
        heartbeat: int = HEARTBEAT,
        permit: Collection[str] = (),
        tls: ssl.SSLContext | tuple[Path, Path] | None = None,
        data: Path | None = None,
        fsync: "Fsync" = "always",
        trace: Trace | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.host = host
        self.ports = ports_of(port, nodes)
        self.nodes = nodes
        self.users = {"guest": "guest"} if users is None else dict(users)
        self.heartbeat = heartbeat
        self.tls = _context(*tls) if isinstance(tls, tuple) else tls
        self.trace = NoTrace() if trace is None else trace
        self.faults = Faults()
        self.alarm = ""
        """Why publishers are blocked, if they are."""
        self.connections: dict[Connection, None] = {}
        self.clock = WallClock()
        self._timers = Timers(self.clock, self.loop)
        self._listeners: dict[int, asyncio.Server] = {}
        """By their place in `ports`."""
        for name in permit:
            if name not in FEATURES:
                raise ValueError(f"there is no {name!r} to permit; there are {', '.join(FEATURES)}")
        self.failed = asyncio.Event()
        """Is set when the disk took no more: nothing is confirmed any more."""
        self.disk: QueueDisk | None = None
        if data is None:
            self.broker = Broker(
                self.clock, self.trace, self._timers.at, self.new_suffix, frozenset(permit), nodes
            )
        elif nodes > 1:
            from minibroker.storage import StorageError

            raise StorageError(
                f"only one node can keep its queues in a directory, not {nodes}; leave out the "
                "directory, or the other nodes"
            )
        else:
            from minibroker.storage import open_queues

            self.broker, self.disk = open_queues(
                data,
                self.clock,
                self.trace,
                self._at,
                fsync=fsync,
                new_suffix=self.new_suffix,
                permit=frozenset(permit),
            )

    @property
    def url(self) -> str:
        """What a client is given."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """The same for each port."""
        scheme = "amqp" if self.tls is None else "amqps"
        name, password = next(iter(self.users.items()))
        return [f"{scheme}://{name}:{password}@{self.host}:{port}/" for port in self.ports]

    @property
    def addresses(self) -> str:
        """All of them."""
        return ", ".join(self.urls)

    @property
    def port(self) -> int:
        """The first one."""
        return self.ports[0]

    async def start(self) -> None:
        """Take connections; OSError, and no port is open, if one is taken."""
        for place in range(len(self.ports)):
            try:
                await self._listen(place)
            except OSError:
                await self.close()
                raise

    async def _listen(self, place: int) -> None:
        node = place + 1 if self.nodes > 1 else 1
        listener = await self.loop.create_server(
            lambda: Connection(self, node), self.host, self.ports[place], ssl=self.tls, backlog=512
        )
        self._listeners[place] = listener
        self.ports[place] = listener.sockets[0].getsockname()[1]

    async def stop_node(self, node: int) -> None:
        """Stop one node as RabbitMQ is stopped: it closes its connections and says why. ValueError
        if there is no such node, or no other."""
        cluster = self.broker.cluster
        cluster.nodes.check(node)
        if node not in cluster.nodes.running:
            return
        self._listeners.pop(node - 1).close()
        for connection in list(self.connections):
            if connection.node == node:
                connection.force_closed()
        cluster.stop(node)

    async def start_node(self, node: int) -> None:
        """Start it again, on the port that it had. OSError if that was taken meanwhile."""
        cluster = self.broker.cluster
        cluster.nodes.check(node)
        if node not in cluster.nodes.running:
            await self._listen(node - 1)
            cluster.start(node)

    def listens(self, node: int) -> bool:
        """Whether it takes connections."""
        return self.nodes == 1 or node - 1 in self._listeners

    async def close(self) -> None:
        """Close the ports and all connections."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
        for connection in list(self.connections):
            connection.abort()
        self._timers.cancel()
        if self.disk is not None:
            self.disk.close()

    def keep(self) -> bool:
        """Let the disk have what has changed, so that clients may be told of it. False if it took
        no more; then all connections end."""
        if self.disk is None:
            return True
        from minibroker.storage import StorageError

        try:
            self.disk.flush()
        except StorageError as error:
            self._fail(error)
            return False
        return True

    def _at(self, when: int, action: Callable[[], None]) -> None:
        from minibroker.storage import StorageError

        def guarded() -> None:
            try:
                action()
            except StorageError as error:
                self._fail(error)

        self._timers.at(when, guarded)

    def _fail(self, error: "StorageError") -> None:
        if not self.failed.is_set():
            log.error("%s", error)
            self.failed.set()
            for connection in list(self.connections):
                connection.abort()

    def new_suffix(self) -> str:
        """The end of a name that the broker makes up."""
        return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")

    def overview(self) -> list[dict[str, object]]:
        """Of each queue what an operator asks: how many copies are ready and how many handed out
        and not settled, and how many consumers it has."""
        unacked = Counter(
            held.queue
            for connection in self.connections
            for channel in connection.channels.values()
            for held in channel.engine.unacked.values()
        )
        return [
            {
                "queue": queue.name,
                "ready": len(queue),
                "unacked": unacked[queue],
                "consumers": len(queue.consumers),
            }
            | self.broker.where(queue)
            for queue in self.broker.all_queues()
        ]

    def all_nodes(self) -> list[dict[str, object]]:
        """Where each node listens, and whether it does."""
        return [
            {
                "node": node,
                "host": self.host,
                "port": self.ports[node - 1],
                "runs": self.listens(node),
            }
            for node in range(1, self.nodes + 1)
        ]

    # --- for lessons -----------------------------------------------------------------------

    def block(self, reason: str = "low on memory") -> None:
        """An alarm is on: who publishes is blocked (RabbitMQ, "Memory and Disk Alarms")."""
        self.alarm = reason

    def unblock(self) -> None:
        """It is over."""
        self.alarm = ""
        for connection in list(self.connections):
            connection.unblock()

    def drop(self, name: str = "") -> None:
        """Drop the connection of the client that is called so, without a word; all of them for an
        empty name."""
        for connection in list(self.connections):
            if name in ("", connection.name):
                connection.abort()


def ports_of(port: int | Sequence[int], nodes: int) -> list[int]:
    """The ports, each node's by its place. ValueError if they are not as many as the nodes."""
    if isinstance(port, int):
        return [port + place if port else 0 for place in range(nodes)]
    if nodes > 1 and len(port) != nodes:
        raise ValueError(f"{nodes} nodes need {nodes} ports, not {len(port)}")
    return list(port)


FEATURES = ("transient_nonexcl_queues", "global_qos")


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    """OSError (ssl.SSLError is one) if they cannot be read or do not belong together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
