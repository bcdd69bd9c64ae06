"""What one client does to one broker, in a process of its own: ``python -m bench.kafka_clients``.
All records go to partition 0, for a mock cluster's topics have several.

Prints one JSON object of figures. Each client is used as its documentation shows, at its defaults
but for what is said here.
"""

import argparse
import asyncio
import json
import time
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

RECORDS = {"confluent-kafka": 200_000, "kafka-python": 20_000, "aiokafka": 50_000}
SYNC = 2_000


def main() -> None:
    """Produce and consume with the client that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=[*RECORDS, "sync", "million"])
    parser.add_argument("address")
    parser.add_argument("topic")
    parser.add_argument("--size", type=int, default=100)
    given = parser.parse_args()
    value = b"x" * given.size
    match given.client:
        case "confluent-kafka":
            figures = confluent(given.address, given.topic, value, RECORDS[given.client])
        case "kafka-python":
            figures = kafka_python(given.address, given.topic, value, RECORDS[given.client])
        case "aiokafka":
            figures = asyncio.run(
                aiokafka(given.address, given.topic, value, RECORDS[given.client])
            )
        case "million":
            figures = confluent(given.address, given.topic, value, 1_000_000, consume=False)
        case _:
            figures = sync(given.address, given.topic, value)
    print(json.dumps(figures))


def confluent(
    address: str, topic: str, value: bytes, records: int, *, consume: bool = True
) -> dict[str, float]:
    """Batches as the library makes them, acks=all, which is its default."""
    failed: list[Any] = []

    def report(error: Any, message: Any) -> None:
        if error:
            failed.append(error)

    producer = Producer({"bootstrap.servers": address, "queue.buffering.max.messages": 1_000_000})
    began = time.perf_counter()
    for number in range(records):
        while True:
            try:
                producer.produce(topic, value, partition=0, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.01)
        if not number % 1_000:
            producer.poll(0)
    producer.flush()
    took = time.perf_counter() - began
    if failed:
        raise SystemExit(f"{len(failed)} of {records} were not acked: {failed[0]}")
    if not consume:
        return {"produce": records / took}
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "bench", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    got, began = 0, time.perf_counter()
    while got < records:
        got += sum(message.error() is None for message in consumer.consume(10_000, 1))
    figures = {"produce": records / took, "consume": got / (time.perf_counter() - began)}
    consumer.close()
    return figures


def kafka_python(address: str, topic: str, value: bytes, records: int) -> dict[str, float]:
    """At its defaults."""
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.structs import TopicPartition as Place

    producer = KafkaProducer(bootstrap_servers=address)
    began = time.perf_counter()
    sent = [producer.send(topic, value) for _ in range(records)]
    producer.flush()
    took = time.perf_counter() - began
    for each in sent:
        each.get(10)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    consumer.assign([Place(topic, 0)])
    consumer.seek_to_beginning()
    began = time.perf_counter()
    for got, _ in enumerate(consumer, 1):
        if got == records:
            break
    figures = {"produce": records / took, "consume": records / (time.perf_counter() - began)}
    consumer.close()
    return figures


async def aiokafka(address: str, topic: str, value: bytes, records: int) -> dict[str, float]:
    """At its defaults."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.structs import TopicPartition as Place

    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    began = time.perf_counter()
    sent = [await producer.send(topic, value, partition=0) for _ in range(records)]
    await producer.flush()
    took = time.perf_counter() - began
    for each in sent:
        await each
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([Place(topic, 0)])
    await consumer.seek_to_beginning()
    got, began = 0, time.perf_counter()
    while got < records:
        got += sum(map(len, (await consumer.getmany(timeout_ms=1_000)).values()))
    figures = {"produce": records / took, "consume": got / (time.perf_counter() - began)}
    await consumer.stop()
    return figures


def sync(address: str, topic: str, value: bytes) -> dict[str, float]:
    """One record at a time, acked before the next, in microseconds."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 0, "acks": "all"})
    taken = []
    for _ in range(SYNC):
        began = time.perf_counter()
        producer.produce(topic, value)
        producer.flush()
        taken.append(time.perf_counter() - began)
    taken.sort()
    return {"p50": taken[SYNC // 2] * 1e6, "p99": taken[SYNC * 99 // 100] * 1e6}


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
