"""aiokafka with three brokers, of which one after the other is away for a while."""

import asyncio
from collections import defaultdict

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.stopping import PARTITIONS, check
from tests.wire.kafka.waiting import PATIENCE, make_topic

TOPIC = "orders"


async def writes(producer: AIOKafkaProducer, place: int, acked: list[int]) -> None:
    """One record after the other, each when the one before was acknowledged."""
    number = 0
    while True:
        await producer.send_and_wait(TOPIC, str(number).encode(), partition=place)
        acked.append(number)
        number += 1


async def scenario(kafka: Running) -> None:
    acked: dict[int, list[int]] = defaultdict(list)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers,
        enable_idempotence=True,
        retry_backoff_ms=20,
        metadata_max_age_ms=200,
    )
    async with producer:
        await stops_and_starts(kafka, producer, acked)

    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    read: dict[int, list[int]] = defaultdict(list)
    async with consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while sum(map(len, read.values())) < sum(ends.values()):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                read[place.partition].extend(int(each.value or b"") for each in records)
    check(acked, read)


async def stops_and_starts(
    kafka: Running, producer: AIOKafkaProducer, acked: dict[int, list[int]]
) -> None:
    """Each broker in its turn; a record after the other goes to every partition meanwhile."""
    tasks = [asyncio.create_task(writes(producer, n, acked[n])) for n in range(PARTITIONS)]
    for number in (1, 2, 3):
        for change in (kafka.stop_broker, kafka.start_broker):
            await asyncio.to_thread(change, number)
            enough = {place: len(acked[place]) + 30 for place in range(PARTITIONS)}
            while any(len(acked[place]) < count for place, count in enough.items()):
                await asyncio.sleep(0.01)
                assert not any(task.done() for task in tasks), tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_nothing_that_was_acked_is_lost_and_order_is_kept(three_brokers: Running) -> None:
    make_topic(three_brokers, TOPIC, PARTITIONS, 3)

    async def run() -> None:
        async with asyncio.timeout(PATIENCE):
            await scenario(three_brokers)

    asyncio.run(run())
