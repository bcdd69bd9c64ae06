"""What members of a group had read and not committed when they were killed is read by another, when
their sessions are over. Of each client one is killed, all at once, since that takes six seconds."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Timer

import pytest
from confluent_kafka import Producer

from minibroker.wire.kafka.running import Running

_READS = {
    "confluent-kafka": """
from confluent_kafka import Consumer
consumer = Consumer({
    "bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest",
    "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 100,
})
consumer.subscribe([topic])
while True:
    message = consumer.poll(0.1)
    if message is not None and message.error() is None:
        told(message.value())
""",
    "newer": """
from confluent_kafka import Consumer
consumer = Consumer({
    "bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest",
    "enable.auto.commit": False, "group.protocol": "consumer",
})
consumer.subscribe([topic])
while True:
    message = consumer.poll(0.1)
    if message is not None and message.error() is None:
        told(message.value())
""",
    "kafka-python": """
from kafka import KafkaConsumer
consumer = KafkaConsumer(
    topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest",
    enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=100,
)
for message in consumer:
    told(message.value)
""",
    "aiokafka": """
import asyncio
from aiokafka import AIOKafkaConsumer
async def read():
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=100,
    )
    await consumer.start()
    async for message in consumer:
        told(message.value)
asyncio.run(read())
""",
}

_BEFORE = """
import sys
servers, group, topic = sys.argv[1:]
def told(value):
    print(value.decode(), flush=True)
"""


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """All are killed in the end."""
    with ExitStack() as stack:
        yield stack


def begin(kafka: Running, processes: ExitStack, client: str) -> subprocess.Popen[str]:
    """A process that reads the topic and says what it reads."""
    process = subprocess.Popen(
        [sys.executable, "-c", _BEFORE + _READS[client], kafka.bootstrap_servers, client, "orders"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    processes.enter_context(process)
    processes.callback(process.kill)
    too_late = Timer(30, process.kill)
    too_late.start()
    processes.callback(too_late.cancel)
    return process


def said(process: subprocess.Popen[str]) -> str:
    """What it read next; nothing if it is killed."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_killed_members_had_not_committed_is_read_by_others(
    kafka: Running, processes: ExitStack
) -> None:
    def shorten(server: object) -> None:
        groups = server.cluster.groups  # type: ignore[attr-defined]
        groups.consumer_interval, groups.consumer_session = 200_000, 6_000_000

    kafka.ask(shorten)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce("orders", b"one")
    producer.flush(10)
    with ThreadPoolExecutor(len(_READS)) as pool:
        first = [begin(kafka, processes, client) for client in _READS]
        assert list(pool.map(said, first)) == ["one"] * len(first)
        for process in first:
            process.kill()
        killed = time.monotonic()
        second = [begin(kafka, processes, client) for client in _READS]

        def again(process: subprocess.Popen[str]) -> tuple[str, float]:
            return said(process), time.monotonic() - killed

        answers = list(pool.map(again, second))
    assert [value for value, _ in answers] == ["one"] * len(second)
    assert all(after > 5 for _, after in answers), answers
