"""Consumer groups and transactions as aiokafka has them."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError, ProducerFenced

from minibroker.wire.kafka.running import Running

# What fails leaves connections open; they are found here, and not in somebody else's test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _sockets() -> Iterator[None]:
    yield
    gc.collect()


PARTITIONS = 4


class Told(ConsumerRebalanceListener):  # type: ignore[misc]
    """What a consumer was told of its partitions."""

    def __init__(self) -> None:
        self.history: list[tuple[str, list[int]]] = []

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """They are its own now."""
        self.history.append(("gets", sorted(each.partition for each in assigned)))

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """They are no more."""
        self.history.append(("gives", sorted(each.partition for each in revoked)))


def in_time(scenario: Coroutine[Any, Any, None]) -> None:
    """Run it, at most twenty seconds."""
    asyncio.run(asyncio.wait_for(scenario, 20))


async def until(what: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline, "it did not come to be"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def member(kafka: Running, **config: Any) -> AsyncIterator[tuple[Any, Told]]:
    """A consumer of the topic `orders`."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers,
        **{
            "group_id": "shop",
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 100,
            "retry_backoff_ms": 20,
        }
        | config,
    )
    told = Told()
    consumer.subscribe(["orders"], listener=told)
    await consumer.start()
    try:
        yield consumer, told
    finally:
        await consumer.stop()


@asynccontextmanager
async def producer(
    kafka: Running, name: str | None = "till-1", **config: Any
) -> AsyncIterator[Any]:
    """One with a transactional id, which it has made its own."""
    made = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, transactional_id=name, **config
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def fill(kafka: Running, replicas: int = 1) -> None:
    kafka.ask(lambda server: server.cluster.create_topic("orders", PARTITIONS, replicas))
    async with producer(kafka, None) as made:
        for number in range(PARTITIONS):
            await made.send_and_wait("orders", str(number).encode(), partition=number)


async def read(consumer: Any, count: int) -> list[bytes]:
    """So many values."""
    values: list[bytes] = []
    deadline = time.monotonic() + 10
    while len(values) < count:
        assert time.monotonic() < deadline, f"only {values}"
        for records in (await consumer.getmany(timeout_ms=50)).values():
            values += [record.value for record in records]
    return values


def owns(consumer: Any) -> list[int]:
    """Its partitions."""
    return sorted(each.partition for each in consumer.assignment())


def test_two_members_share_the_partitions_and_one_has_all_again(kafka: Running) -> None:
    async def scenario() -> None:
        await fill(kafka)
        async with member(kafka) as (first, told):
            await until(lambda: len(owns(first)) == PARTITIONS)
            async with member(kafka) as (second, _):
                await until(lambda: [len(owns(first)), len(owns(second))] == [2, 2])
                assert sorted(owns(first) + owns(second)) == [0, 1, 2, 3]
                both = [("gives", [0, 1, 2, 3]), ("gets", owns(first))]
                await until(lambda: told.history[-2:] == both)  # it is told after it owns
            await until(lambda: len(owns(first)) == PARTITIONS)

    in_time(scenario())


def test_a_static_member_is_back_and_nobody_notices(kafka: Running) -> None:
    async def scenario() -> None:
        await fill(kafka)
        async with member(kafka, group_instance_id="till-1") as (first, told):
            async with member(kafka, group_instance_id="till-2") as (second, _):
                await until(lambda: [len(owns(first)), len(owns(second))] == [2, 2])
                await until(lambda: told.history[-1:] == [("gets", owns(first))])
                before, its = list(told.history), owns(second)
            async with member(kafka, group_instance_id="till-2") as (again, _):
                await until(lambda: owns(again) == its)
            assert told.history == before
            group = kafka.ask(lambda server: server.cluster.groups.describe("shop"))
            assert len(group.members) == 2, "who is static does not leave"

    in_time(scenario())


def test_what_was_committed_is_not_read_again(kafka: Running) -> None:
    async def scenario() -> None:
        await fill(kafka)
        async with member(kafka) as (first, _):
            await read(first, PARTITIONS)
            await first.commit({TopicPartition("orders", number): 1 for number in (0, 1, 2)})
            assert await first.committed(TopicPartition("orders", 0)) == 1
            assert await first.committed(TopicPartition("orders", 3)) is None
        async with member(kafka) as (again, _):
            assert await read(again, 1) == [b"3"], "only where nothing was committed"

    in_time(scenario())


def test_a_group_survives_its_coordinator(three_brokers: Running) -> None:
    async def scenario() -> None:
        await fill(three_brokers, replicas=3)
        async with member(three_brokers) as (consumer, told):
            await read(consumer, PARTITIONS)
            number = three_brokers.ask(lambda server: server.coordinator("shop"))
            await asyncio.to_thread(three_brokers.stop_broker, number)
            await until_taken(consumer.commit)
            place = TopicPartition("orders", 0)
            assert await consumer.committed(place) == 1
            assert [what for what, _ in told.history].count("gets") == 1

    in_time(scenario())


async def until_taken(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask again while the client has not found the new coordinator; `in_time` is how long."""
    while True:
        try:
            await ask()
            return
        except KafkaError:
            await asyncio.sleep(0.05)


async def transact(made: Any, value: bytes, *, commit: bool = True) -> None:
    """Send one record in a transaction."""
    await made.begin_transaction()
    await made.send_and_wait("orders", value, partition=0)
    await (made.commit_transaction() if commit else made.abort_transaction())


@asynccontextmanager
async def reader(kafka: Running, **config: Any) -> AsyncIterator[Any]:
    """A consumer of partition 0 of `orders`, which is in no group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers,
        **{
            "isolation_level": "read_committed",
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
        }
        | config,
    )
    await consumer.start()
    consumer.assign([TopicPartition("orders", 0)])
    try:
        yield consumer
    finally:
        await consumer.stop()


def test_what_is_aborted_is_not_shown(kafka: Running) -> None:
    async def scenario() -> None:
        async with producer(kafka) as made:
            await transact(made, b"no", commit=False)
            await transact(made, b"yes")
            await transact(made, b"no", commit=False)
            await transact(made, b"last")
        async with reader(kafka) as careful:
            assert await read(careful, 2) == [b"yes", b"last"]
        async with reader(kafka, isolation_level="read_uncommitted") as careless:
            assert await read(careless, 4) == [b"no", b"yes", b"no", b"last"]

    in_time(scenario())


def test_offsets_are_committed_with_the_records_or_not_at_all(kafka: Running) -> None:
    async def scenario() -> None:
        place = TopicPartition("orders", 0)
        async with producer(kafka) as made, reader(kafka, group_id="shop") as consumer:
            for commit in (False, True):
                await made.begin_transaction()
                await made.send_and_wait("orders", b"one", partition=0)
                await made.send_offsets_to_transaction({place: 7}, "shop")
                await (made.commit_transaction() if commit else made.abort_transaction())
                assert await consumer.committed(place) == (7 if commit else None)

    in_time(scenario())


def test_a_zombie_is_fenced(kafka: Running) -> None:
    async def scenario() -> None:
        async with producer(kafka) as zombie:
            await zombie.begin_transaction()
            await zombie.send_and_wait("orders", b"old", partition=0)
            async with producer(kafka) as heir:
                await transact(heir, b"new")
            with pytest.raises(ProducerFenced):
                await zombie.commit_transaction()
        async with reader(kafka) as careful:
            assert await read(careful, 1) == [b"new"]

    in_time(scenario())
