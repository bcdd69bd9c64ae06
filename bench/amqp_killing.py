"""``kill -9`` of a RabbitMQ server that keeps its queues on disk, while publishers and a consumer
are at work.

Publishers wait for confirms and publish again what was not confirmed when the server is back, so
a message may be there twice. Then every message that was confirmed is there or was acked, in the
order in which it was published; and none comes that was acked before a later answer of the server.
"""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
from pika.exceptions import AMQPError

from bench.kafka_brokers import free_port, wait_for

PUBLISHERS = 3
MESSAGES = 150
"""Of each publisher."""

PATIENCE = 60.0


@dataclass(slots=True)
class Round:
    """What was confirmed when the server was killed and at the end, how much was acked before, and
    what is wrong."""

    before: int
    confirmed: int
    acked: int
    wrong: list[str]


def main(rounds: int) -> None:
    """Print how it went."""
    chance, began, confirmed, acked, wrong = (
        random.Random(0),
        time.perf_counter(),
        0,
        0,
        list[str](),
    )
    for number in range(rounds):
        done = kill(chance)
        confirmed, acked = confirmed + done.confirmed, acked + done.acked
        wrong += [f"round {number}: {sentence}" for sentence in done.wrong]
    print(
        f"\n{rounds} kills of RabbitMQ's side while {PUBLISHERS} published and one consumed, in "
        f"{time.perf_counter() - began:,.0f} s: {confirmed:,} messages were confirmed, {acked:,} "
        f"acked before a kill, {len(wrong)} things wrong {wrong[:3] or ''}"
    )


def kill(chance: random.Random) -> Round:
    """One server, killed once when some messages were confirmed."""
    with tempfile.TemporaryDirectory() as scratch:
        port, data = free_port(), Path(scratch, "data")
        consumer = _Consumer(port)
        publishers = [_Publisher(port, number) for number in range(PUBLISHERS)]
        with _served(port, data) as process:
            wait_for(f"127.0.0.1:{port}", process)
            _declare(port)
            for each in (consumer, *publishers):
                each.start()
            enough = chance.randrange(1, PUBLISHERS * MESSAGES)
            _until(lambda: _confirmed(publishers) >= enough, "the publishers do not get through")
            process.send_signal(signal.SIGKILL)
            process.wait()
            before = _confirmed(publishers)
            consumer.join(PATIENCE)
        with _served(port, data) as process:
            wait_for(f"127.0.0.1:{port}", process)
            for each in publishers:
                each.join(PATIENCE)
            wrong = [
                sentence
                for each in publishers
                for sentence in each.wrong(consumer.acked[each.queue], consumer.sure[each.queue])
            ]
        acked = sum(map(len, consumer.sure.values()))
        return Round(before, _confirmed(publishers), acked, wrong)


def _queue(number: int) -> str:
    return f"orders-of-{number}"


def _declare(port: int) -> None:
    with _channel(port) as channel:
        for number in range(PUBLISHERS):
            kind = "quorum" if number == 1 else "classic"
            channel.queue_declare(_queue(number), durable=True, arguments={"x-queue-type": kind})


def _confirmed(publishers: "list[_Publisher]") -> int:
    return sum(len(each.confirmed) for each in publishers)


class _Publisher(threading.Thread):
    """Numbers, one after the other, to a queue of its own, each until it is confirmed."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__(daemon=True)
        self.port, self.queue = port, _queue(number)
        self.confirmed: list[int] = []

    def run(self) -> None:
        """Go on where it was when the server is back."""
        persistent = pika.BasicProperties(delivery_mode=2)
        while len(self.confirmed) < MESSAGES:
            with suppress(AMQPError, OSError), _channel(self.port) as channel:
                channel.confirm_delivery()
                for number in range(len(self.confirmed), MESSAGES):
                    channel.basic_publish("", self.queue, b"%d" % number, persistent)
                    self.confirmed.append(number)

    def wrong(self, acked: set[int], sure: set[int]) -> list[str]:
        """What is not as it should be, a sentence each."""
        if self.is_alive():
            return [f"{self.queue}: the publisher did not get through"]
        there: list[int] = []
        with _channel(self.port) as channel:
            while (found := channel.basic_get(self.queue, auto_ack=True))[0] is not None:
                there.append(int(found[2]))
        lost = sorted(set(self.confirmed) - set(there) - acked)
        again = sorted(sure & set(there))
        first = list(dict.fromkeys(there))
        sentences = []
        if lost:
            sentences.append(f"{self.queue}: {len(lost)} confirmed messages are lost {lost[:3]}")
        if again:
            sentences.append(f"{self.queue}: {len(again)} came after their ack {again[:3]}")
        if first != sorted(first):
            sentences.append(f"{self.queue}: out of order")
        return sentences


class _Consumer(threading.Thread):
    """Takes from all queues until the server dies. `acked` was acked, and `sure` before a later
    answer came."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.acked: dict[str, set[int]] = {_queue(each): set() for each in range(PUBLISHERS)}
        self.sure: dict[str, set[int]] = {_queue(each): set() for each in range(PUBLISHERS)}

    def run(self) -> None:
        """Every second message is acked, and the answer to a question waited for."""
        with suppress(AMQPError, OSError), _channel(self.port) as channel:
            while True:
                for queue, acked in self.acked.items():
                    method, _, body = channel.basic_get(queue)
                    if method is not None and int(body) % 2:
                        acked.add(int(body))
                        channel.basic_ack(method.delivery_tag)
                        channel.queue_declare(queue, durable=True, passive=True)
                        self.sure[queue].add(int(body))


@contextmanager
def _channel(port: int) -> Iterator[Any]:
    """A channel of a connection of its own, as soon as somebody listens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
            break
        except (AMQPError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    try:
        yield connection.channel()
    finally:
        with suppress(AMQPError, OSError):
            connection.close()


@contextmanager
def _served(port: int, data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "minibroker", "--amqp", str(port), "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _until(what: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(0.001)
