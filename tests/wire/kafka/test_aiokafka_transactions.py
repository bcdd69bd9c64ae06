"""aiokafka's transactions: what readers see of them, and who may write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import PATIENCE, make_topic

TOPIC = "orders"


@pytest.fixture(params=[1, 3], ids=["one broker", "three brokers"])
def broker(request: pytest.FixtureRequest) -> Running:
    """With topics of two partitions."""
    kafka: Running = request.getfixturevalue("kafka" if request.param == 1 else "three_brokers")
    for topic in (TOPIC, "bills"):
        make_topic(kafka, topic, 2, request.param)
    return kafka


class Clients:
    """Makes clients of a broker that are stopped at the end."""

    def __init__(self, broker: Running, stack: AsyncExitStack) -> None:
        self._servers, self._stack = broker.bootstrap_servers, stack

    async def producer(self, name: str | None = "shop") -> Any:
        """A producer of this transactional id, ready to begin."""
        client = AIOKafkaProducer(bootstrap_servers=self._servers, transactional_id=name)
        return await self._started(client)

    async def consumer(self, topic: str, group: str, isolation: str = "read_committed") -> Any:
        client = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self._servers,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level=isolation,
        )
        return await self._started(client)

    async def _started(self, client: Any) -> Any:
        async def stop() -> None:
            with suppress(KafkaError):  # of one that was fenced
                await client.stop()

        self._stack.push_async_callback(stop)
        await client.start()
        return client


@asynccontextmanager
async def clients(broker: Running) -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:
        yield Clients(broker, stack)


def run(scenario: Callable[[Clients], Awaitable[None]], broker: Running) -> None:
    async def ran() -> None:
        async with asyncio.timeout(PATIENCE), clients(broker) as made:
            await scenario(made)

    asyncio.run(ran())


async def write(producer: Any, *values: str, topic: str = TOPIC) -> None:
    """Write them, in turns to the two partitions, and wait until the broker has them."""
    for number, value in enumerate(values):
        await producer.send_and_wait(topic, value.encode(), partition=number % 2)


async def read(consumer: Any, count: int) -> list[str]:
    """So many values, sorted."""
    found: list[str] = []
    while len(found) < count:
        for records in (await consumer.getmany(timeout_ms=50)).values():
            found.extend(each.value.decode() for each in records)
    return sorted(found)


def test_only_what_was_committed_is_shown(broker: Running) -> None:
    async def scenario(new: Clients) -> None:
        producer, other = await new.producer(), await new.producer("other")
        reader = await new.consumer(TOPIC, "audit")
        async with producer.transaction():
            await write(producer, "a", "b")
        assert await read(reader, 2) == ["a", "b"]

        await producer.begin_transaction()
        await write(producer, "c", "d")
        await producer.abort_transaction()
        await other.begin_transaction()
        await write(other, "e", "f")  # and it stays open
        async with producer.transaction():
            await write(producer, "g", "h")
        hasty = await new.consumer(TOPIC, "hasty", "read_uncommitted")
        assert await read(hasty, 8) == list("abcdefgh")
        # c, d are aborted, and e, f keep back g, h
        assert await reader.getmany(timeout_ms=300) == {}

        await other.commit_transaction()
        assert await read(reader, 4) == list("efgh")

    run(scenario, broker)


def test_offsets_are_committed_with_the_transaction_or_not_at_all(broker: Running) -> None:
    async def scenario(new: Clients) -> None:
        await write(await new.producer(None), *"abcdef")
        producer, worker = await new.producer(), await new.consumer(TOPIC, "billing")
        assert await read(worker, 6) == list("abcdef")
        place = TopicPartition(TOPIC, 0)
        for end, result in ((producer.abort_transaction, None), (producer.commit_transaction, 3)):
            await producer.begin_transaction()
            await write(producer, f"bill {end.__name__}", topic="bills")
            position = await worker.position(place)
            await producer.send_offsets_to_transaction({place: position}, "billing")
            await end()
            assert await worker.committed(place) == result
        reader = await new.consumer("bills", "audit")
        assert await read(reader, 1) == ["bill commit_transaction"]

    run(scenario, broker)


def test_a_second_producer_of_a_transactional_id_fences_the_first(broker: Running) -> None:
    async def scenario(new: Clients) -> None:
        first = await new.producer()
        await first.begin_transaction()
        await write(first, "a", "b")
        second = await new.producer()
        with pytest.raises(ProducerFenced):
            await write(first, "zombie")
        with pytest.raises(ProducerFenced):
            await first.commit_transaction()

        async with second.transaction():
            await write(second, "c", "d")
        reader = await new.consumer(TOPIC, "audit")
        assert await read(reader, 2) == ["c", "d"]
        assert await reader.getmany(timeout_ms=200) == {}

    run(scenario, broker)
