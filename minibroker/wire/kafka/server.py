"""The server: brokers on ports of their own over one cluster, on an event loop.

Rule: everything here and below runs on the loop's thread; `minibroker.wire.kafka.running` is for
other threads. The engine is called by handlers and timers only, one at a time.

Theory of operation. One process is a whole cluster, so a client sees leaders and coordinators on
several ports, and has to look for another when one is stopped. An answer to what was appended is
sent when the disk has it: all that one turn of the loop appended is flushed at once, and then all
its answers go out.
"""

import asyncio
import logging
import random
import ssl
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minibroker.log.cluster import Cluster
from minibroker.log.errors import Code, LogError
from minibroker.sim.trace import NoTrace, Trace
from minibroker.storage import Disk, Fsync, StorageError, kafka_id, open_cluster
from minibroker.wire.kafka.assignments import owned
from minibroker.wire.kafka.batches import BYTES
from minibroker.wire.kafka.broker import Broker
from minibroker.wire.kafka.faults import Faults
from minibroker.wire.kafka.handed import Handed
from minibroker.wire.timers import Timers, WallClock

if TYPE_CHECKING:
    from minibroker.wire.kafka.connection import Connection

log = logging.getLogger(__name__)


class KafkaServer:
    """`ports` has one port for each broker, 0 for any that is free. With `data`, a directory, all
    is kept there, and only one broker may be; for `fsync` see `minibroker.storage.files.Fsync`.
    `tls`, a context or the paths of a certificate and its key, makes all listeners speak TLS; with
    `users` (names and passwords) clients have to authenticate by SASL PLAIN. With `auto_create` a
    topic that a client asks for is made, as Kafka does by default; a topic has `partitions` of them
    where its maker does not say (``num.partitions``). A `trace` that is kept grows with every
    record."""

    def __init__(
        self,
        ports: Sequence[int] = (0,),
        *,
        host: str = "127.0.0.1",
        data: Path | None = None,
        fsync: Fsync = "always",
        tls: ssl.SSLContext | tuple[Path, Path] | None = None,
        users: Mapping[str, str] | None = None,
        auto_create: bool = True,
        partitions: int = 1,
        trace: Trace | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.tls = _context(*tls) if isinstance(tls, tuple) else tls
        self.users, self.auto_create = dict(users or {}), auto_create
        self.partitions = partitions
        self.trace = NoTrace() if trace is None else trace
        self.faults = Faults()
        self.clock = WallClock()
        self._timers = Timers(self.clock, self.loop)
        self._disk: Disk | None = None
        self.failed = asyncio.Event()
        """Is set when the disk took no more: nothing is answered any more."""
        self._answers: list[tuple[Connection, bytes]] = []
        if data is None:
            self.cluster_id = kafka_id(uuid.uuid4())
            self.cluster = Cluster(
                self.clock,
                self.trace,
                self._timers.at,
                brokers=len(ports),
                codec=BYTES,
                chance=random.Random(),
                new_id=uuid.uuid4,
            )
            _prepare(self.cluster)
        else:
            self.cluster, self._disk = open_cluster(
                data,
                self.clock,
                self.trace,
                self._at,
                fsync=fsync,
                brokers=len(ports),
                prepare=_prepare,
            )
            self.cluster_id = self._disk.cluster_id
        self.handed = Handed(self.cluster, self.clock, self.trace) if self.trace.kept else None
        self.brokers = {
            number: Broker(self, number, host, port) for number, port in enumerate(ports, 1)
        }
        self._waiting: set[asyncio.Future[None]] = set()
        self.cluster.on_change(self._changed)

    @property
    def must_authenticate(self) -> bool:
        """Whether a client has to say who it is."""
        return bool(self.users)

    @property
    def bootstrap_servers(self) -> str:
        """What a client is given."""
        return ",".join(f"{each.host}:{each.port}" for each in self.brokers.values())

    # --- from the start to the end ---------------------------------------------------------

    async def start(self) -> None:
        """Open all ports; OSError, and none is open, if one of them is taken."""
        try:
            for broker in self.brokers.values():
                await broker.open()
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close everything."""
        for broker in self.brokers.values():
            await broker.close()
        self._timers.cancel()
        if self._disk is not None:
            self._disk.close()

    async def stop_broker(self, number: int) -> None:
        """Shut one broker down: others lead what it led, and its clients look for them."""
        broker = self._broker(number)
        self.cluster.stop(number)
        await broker.close()

    async def start_broker(self, number: int) -> None:
        """Start it again, on the port that it had."""
        broker = self._broker(number)
        if not broker.listens:
            await broker.open()
            self.cluster.start(number)

    def _broker(self, number: int) -> Broker:
        if number not in self.brokers:
            raise ValueError(f"there is no broker {number}; there are {list(self.brokers)}")
        return self.brokers[number]

    # --- who does what ---------------------------------------------------------------------

    @property
    def controller(self) -> int:
        """The broker that clients send their administration to."""
        running = self.cluster.brokers()
        return running[0] if running else -1

    def coordinator(self, key: str) -> int:
        """The broker that coordinates this group or transactional id. LogError
        COORDINATOR_NOT_AVAILABLE while none runs."""
        running = self.cluster.brokers()
        if not running:
            raise LogError(Code.COORDINATOR_NOT_AVAILABLE, "no broker runs")
        return running[zlib.crc32(key.encode()) % len(running)]

    # --- answers ---------------------------------------------------------------------------

    def send(self, connection: "Connection", data: bytes) -> None:
        """Send an answer, after a flush if something has to be flushed. What no answer tells of the
        disk flushes by itself."""
        if self.failed.is_set():
            connection.abort()
            return
        if self._disk is None or not (self._disk.needs_flush or self._answers):
            connection.write(data)
            return
        if not self._answers:
            self.loop.call_soon(self._flush)
        self._answers.append((connection, data))

    def _flush(self) -> None:
        assert self._disk is not None
        answers, self._answers = self._answers, []
        try:
            self._disk.flush()
        except StorageError as error:
            self._fail(error)
        for connection, data in answers:
            connection.write(data)

    def _at(self, when: int, action: Callable[[], None]) -> None:
        """As `Timers.at`, for actions that may write to the disk."""

        def guarded() -> None:
            try:
                action()
            except StorageError as error:
                self._fail(error)

        self._timers.at(when, guarded)

    def _fail(self, error: StorageError) -> None:
        """What is in memory is more than what is kept, so nobody may be told of it."""
        log.critical("%s; nothing is answered any more", error)
        for broker in self.brokers.values():
            for connection in list(broker.connections):
                connection.abort()
        self.failed.set()

    # --- waiting for news ------------------------------------------------------------------

    def news(self) -> "asyncio.Future[None]":
        """Is done when something new may be read."""
        waiter: asyncio.Future[None] = self.loop.create_future()
        self._waiting.add(waiter)
        waiter.add_done_callback(self._waiting.discard)
        return waiter

    def _changed(self) -> None:
        for waiter in list(self._waiting):
            if not waiter.done():
                waiter.set_result(None)


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    """OSError (ssl.SSLError is one) if they cannot be read or do not belong together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _prepare(cluster: Cluster) -> None:
    """No waiting for the first members of a group, which is how Kafka's quickstart sets it."""
    cluster.groups.initial_delay = 0
    cluster.groups.owned = owned
