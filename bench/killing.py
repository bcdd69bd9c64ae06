"""``kill -9`` of a server that keeps its data on disk, while three producers write to it.

They write with acks=all and idempotence and go on when the server is back, so that what it had
written down and not yet answered comes again. Then every record that was acked is there, in the
order of its producer, once.
"""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.kafka_brokers import free_port, wait_for

ROUNDS = 100
PRODUCERS = 3
RECORDS = 3_000
PATIENCE = 60.0


@dataclass(slots=True)
class Round:
    """What was acked when the server was killed and at the end, and what is wrong."""

    before: int
    acked: int
    wrong: list[str]


def main(rounds: int) -> None:
    """Print how it went."""
    chance, began, acked, wrong = random.Random(0), time.perf_counter(), 0, list[str]()
    for number in range(rounds):
        done = kill(chance)
        acked += done.acked
        wrong += [f"round {number}: {sentence}" for sentence in done.wrong]
    print(
        f"\n{rounds} kills while {PRODUCERS} producers wrote, in "
        f"{time.perf_counter() - began:,.0f} s: {acked:,} records were acked, "
        f"{len(wrong)} things wrong {wrong[:3] or ''}"
    )


def kill(chance: random.Random) -> Round:
    """One server, killed once when some records were acked."""
    with tempfile.TemporaryDirectory() as scratch:
        port, data = free_port(), Path(scratch, "data")
        address = f"127.0.0.1:{port}"
        writers = [_Writer(address, number) for number in range(PRODUCERS)]
        with _served(port, data) as process:
            wait_for(address, process)
            for each in writers:
                each.start()
            enough = chance.randrange(1, RECORDS)
            _until(lambda: sum(_acked(writers)) >= enough)
            process.send_signal(signal.SIGKILL)
            process.wait()
            before = sum(_acked(writers))
        with _served(port, data) as process:
            wait_for(address, process)
            for each in writers:
                each.join(PATIENCE)
            wrong = [sentence for each in writers for sentence in each.wrong()]
        return Round(before, sum(_acked(writers)), wrong)


def _acked(writers: "list[_Writer]") -> list[int]:
    return [len(each.acked) for each in writers]


class _Writer(threading.Thread):
    """Numbers, one after the other, to a topic of its own."""

    def __init__(self, address: str, number: int) -> None:
        super().__init__(daemon=True)
        self.address, self.topic = address, f"orders-of-{number}"
        self.acked: list[int] = []
        self.refused: list[str] = []

    def run(self) -> None:
        """Write all and wait for the acks."""
        producer = Producer(
            {
                "bootstrap.servers": self.address, "enable.idempotence": True, "log_level": 0,
                "linger.ms": 0, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
                "retry.backoff.ms": 20, "batch.num.messages": 10,
            }
        )  # fmt: skip
        for number in range(RECORDS // PRODUCERS):
            producer.produce(self.topic, str(number), on_delivery=self._told)
            producer.poll(0.0002)
        producer.flush(PATIENCE)

    def _told(self, error: Any, message: Any) -> None:
        if error:
            self.refused.append(str(error))
        else:
            self.acked.append(int(message.value()))

    def wrong(self) -> list[str]:
        """What is not as it should be, a sentence each."""
        if self.is_alive() or self.refused:
            return [f"{self.topic}: the producer did not get through: {self.refused[:1]}"]
        consumer = Consumer(
            {"bootstrap.servers": self.address, "group.id": "reader", "log_level": 0,
             "enable.auto.commit": False}
        )  # fmt: skip
        consumer.assign([TopicPartition(self.topic, 0, 0)])
        _, high = consumer.get_watermark_offsets(TopicPartition(self.topic, 0), 10)
        there: list[int] = []
        deadline = time.monotonic() + PATIENCE
        while len(there) < high and time.monotonic() < deadline:
            got = [each for each in consumer.consume(1_000, 1) if not each.error()]
            there += [int(each.value() or b"-1") for each in got]
        consumer.close()
        if there == sorted(set(there)) and set(self.acked) <= set(there):
            return []
        lost = sorted(set(self.acked) - set(there))
        return [
            f"{self.topic}: {len(lost)} acked records are lost {lost[:3]}, "
            f"{len(there) - len(set(there))} are there twice, "
            f"{'out of' if there != sorted(there) else 'in'} order"
        ]


@contextmanager
def _served(port: int, data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "minibroker", "--kafka", str(port), "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _until(what: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit("the producers do not get through")
        time.sleep(0.001)
