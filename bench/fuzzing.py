"""Mutated requests and connections that stay half open, against the Kafka server: it neither ends
nor hangs nor grows, and others are served all the while.

The requests that are mutated are those of real clients, taken down while they produce, consume and
administer. What a mutation may come to: an answer, or a closed connection with a line in the log. A
handler that fails is a defect, and is counted.
"""

import logging
import random
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from minibroker.wire.kafka.connection import Connection
from minibroker.wire.kafka.running import Running, start

FRAMES = 200_000
A_CONNECTION = 40
"""Frames sent over one connection, if it is not closed before."""

PATIENCE = 20.0
"""Seconds after which a request of a client that does nothing wrong counts as hanging."""

_ASK = struct.pack(">ihhih", 10, 18, 0, 7, -1)


@dataclass(slots=True)
class Found:
    """What became of the frames."""

    frames: int = 0
    connections: int = 0
    closed: int = 0
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    lines: int = 0
    left_open: int = 0
    grown_mib: float = 0.0


def main(frames: int) -> None:
    """Print what became of so many."""
    began = time.perf_counter()
    found = fuzz(frames, seed=0)
    print(f"\n{found.frames:,} mutated frames over {found.connections:,} connections in "
          f"{time.perf_counter() - began:,.0f} s")  # fmt: skip
    print(f"  connections that the server closed, each with a line: {found.closed:,}")
    print(f"  lines in its log: {found.lines:,}")
    print(f"  answers: {found.answered:,}")
    print(f"  handlers that failed: {len(found.failed)} {found.failed[:3] or ''}")
    print(f"  connections left at the end: {found.left_open}")
    print(f"  memory grew by {found.grown_mib:.1f} MiB")


def fuzz(frames: int, seed: int, corpus: list[bytes] | None = None) -> Found:
    """Send so many mutated frames. AssertionError if the server hangs for somebody else."""
    found, chance = Found(), random.Random(seed)
    corpus = corpus or taken_down()
    with start(auto_create=False) as kafka, _watched(found), ExitStack() as half_open:
        kafka.ask(lambda server: server.cluster.create_topic("orders"))
        host, _, port = kafka.bootstrap_servers.rpartition(":")
        where = (host, int(port))
        for _ in range(50):
            one = half_open.enter_context(closing(socket.create_connection(where, PATIENCE)))
            one.sendall(chance.choice(corpus)[: chance.randrange(1, 12)])
        other = half_open.enter_context(closing(socket.create_connection(where, PATIENCE)))
        before = _resident()
        while found.frames < frames:
            _one_connection(where, found, chance, corpus, min(A_CONNECTION, frames - found.frames))
            _ask(other)
        half_open.close()
        deadline = time.monotonic() + PATIENCE
        while (left := _connections(kafka)) and time.monotonic() < deadline:
            time.sleep(0.01)
        found.left_open = left
        found.grown_mib = _resident() - before
    return found


def _one_connection(
    where: tuple[str, int], found: Found, chance: random.Random, corpus: list[bytes], most: int
) -> None:
    found.connections += 1
    with closing(socket.create_connection(where, PATIENCE)) as connection:
        connection.setblocking(False)
        for _ in range(most):
            found.frames += 1
            try:
                connection.sendall(mutated(chance.choice(corpus), chance))
            except BlockingIOError:
                break  # it is not read from any more: it works on a request that waits
            except OSError:
                found.closed += 1
                return
            if _drained(connection, found):
                found.closed += 1
                return
        connection.setblocking(True)
        connection.settimeout(0.001)
        if _drained(connection, found):
            found.closed += 1


def _drained(connection: socket.socket, found: Found) -> bool:
    """Read what there is; whether the other side has closed the connection."""
    try:
        while data := connection.recv(65_536):
            found.answered += 1
            if len(data) < 65_536:
                return False
    except (BlockingIOError, TimeoutError):
        return False
    except OSError:
        return True
    return True


def _ask(connection: socket.socket) -> None:
    connection.sendall(_ASK)
    head = connection.recv(4, socket.MSG_WAITALL)
    assert len(head) == 4, "a connection that did nothing wrong was closed"
    connection.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """One request with something wrong: bits, bytes, numbers, its length, its end."""
    data = bytearray(frame)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(data))
        match chance.randrange(7):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 3:
                del data[at : at + chance.randrange(1, 9)]
            case 4:
                size = chance.choice((2, 4, 8))
                data[at : at + size] = chance.choice(
                    (b"\xff" * size, b"\x7f" + b"\xff" * (size - 1))
                )
            case 5:
                del data[max(4, at) :]
            case _:
                data[at:at] = data[at : at + chance.randrange(1, 33)]
        if len(data) < 5:
            break
    if chance.random() < 0.9:  # most have the right length, or nothing behind it would be read
        data[:4] = struct.pack(">i", max(0, len(data) - 4))
    return bytes(data)


def taken_down() -> list[bytes]:
    """The requests of real clients, as they were sent."""
    frames: dict[bytes, None] = {}
    take = Connection._take

    def taking(connection: Connection, frame: bytes) -> None:
        frames[struct.pack(">i", len(frame)) + frame] = None
        take(connection, frame)

    Connection._take = taking  # type: ignore[method-assign, assignment]
    try:
        with start() as kafka:
            _use(kafka.bootstrap_servers)
    finally:
        Connection._take = take  # type: ignore[method-assign]
    # A wait of minutes is no defect, but 200,000 of them are no test.
    return [frame for frame in frames if len(frame) > 12]


def _use(address: str) -> None:
    quiet: dict[str, Any] = {"bootstrap.servers": address, "log_level": 0}
    admin = AdminClient(quiet)
    for future in admin.create_topics([NewTopic("orders", 2, 1)]).values():
        future.result(PATIENCE)
    admin.list_topics(timeout=PATIENCE)
    producer = Producer({**quiet, "transactional.id": "billing", "compression.type": "gzip"})
    producer.init_transactions(PATIENCE)
    for protocol in ("classic", "consumer"):
        consumer = Consumer(
            {**quiet, "group.id": protocol, "auto.offset.reset": "earliest",
             "group.protocol": protocol, "enable.auto.commit": False}
        )  # fmt: skip
        consumer.subscribe(["orders"])
        producer.begin_transaction()
        producer.produce("orders", b"42", b"order-1", headers={"try": b"1"})
        producer.flush(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while not consumer.assignment() and time.monotonic() < deadline:
            consumer.poll(0.1)
        producer.send_offsets_to_transaction(
            consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
        )
        producer.commit_transaction(PATIENCE)
        while consumer.poll(0.1) is None and time.monotonic() < deadline:
            pass
        consumer.commit(asynchronous=False)
        consumer.close()
    admin.delete_topics(["orders"])["orders"].result(PATIENCE)


@contextmanager
def _watched(found: Found) -> Iterator[None]:
    """Count the lines of the server's log, and what failed."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                found.failed.append(
                    record.getMessage() + f" {record.exc_info and record.exc_info[1]!r}"
                )
            elif "closed the connection" in record.msg:
                found.lines += 1

    logger = logging.getLogger("minibroker.wire.kafka")
    asyncio_logger = logging.getLogger("asyncio")
    handler, spread = Lines(), logger.propagate
    logger.addHandler(handler)
    asyncio_logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        asyncio_logger.removeHandler(handler)
        logger.propagate = spread


def _connections(kafka: Running) -> int:
    return kafka.ask(lambda server: len(server.brokers[1].connections))


def _resident() -> float:
    """MiB, at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
