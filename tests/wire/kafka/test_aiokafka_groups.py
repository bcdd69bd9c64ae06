"""aiokafka's consumer groups: who has which partitions, and what was committed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import PATIENCE, SESSION_MS, Process, make_topic

TOPIC, PARTITIONS = "orders", 4

SETTINGS: dict[str, Any] = {
    "group_id": "billing",
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "session_timeout_ms": SESSION_MS,
    "heartbeat_interval_ms": 200,
}


async def comes(holds: Callable[[], object], what: str) -> None:
    """Wait until it `holds`; fails if that takes too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it never came to this: {what}") from None


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """A consumer of `TOPIC` that reads all it can."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.owned: set[int] = set()
        self.revoked: list[set[int]] = []
        self.read: list[tuple[int, int]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the group."""
        self.consumer.subscribe([TOPIC], listener=self)
        await self.consumer.start()
        self._task = asyncio.create_task(self._reads())

    async def close(self) -> None:
        """Leave it. To close it again is no error."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.consumer.stop()

    async def _reads(self) -> None:
        async for record in self.consumer:
            self.read.append((record.partition, record.offset))

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Before they go."""
        if revoked:
            self.revoked.append({each.partition for each in revoked})
        self.owned = set()

    def on_partitions_assigned(self, assigned: Any) -> None:
        """When they have come."""
        self.owned = {each.partition for each in assigned}


New = Callable[..., Awaitable[Member]]


@asynccontextmanager
async def members(kafka: Running) -> AsyncIterator[New]:
    """Makes members of the group ``billing``, for a topic with ten records in each of its
    partitions, and closes them."""
    make_topic(kafka, TOPIC, PARTITIONS)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    for number in range(PARTITIONS * 10):
        await producer.send(TOPIC, str(number).encode(), partition=number % PARTITIONS)
    await producer.stop()
    async with AsyncExitStack() as stack:

        async def make(**more: Any) -> Member:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=kafka.bootstrap_servers, **SETTINGS | more
            )
            member = Member(consumer)
            stack.push_async_callback(member.close)
            await member.start()
            return member

        yield make


async def share(*members: Member) -> None:
    """Wait until each has its equal part."""
    part = PARTITIONS // len(members)
    await comes(
        lambda: all(len(each.owned) == part for each in members),
        f"{part} partitions for each of {len(members)} members",
    )
    assert set().union(*(each.owned for each in members)) == set(range(PARTITIONS))


def generation(kafka: Running) -> int:
    return kafka.ask(lambda server: server.cluster.groups.describe("billing").generation)


def test_two_members_share_the_partitions_and_one_that_leaves_gives_its_own_back(
    kafka: Running,
) -> None:
    async def scenario() -> None:
        async with members(kafka) as new:
            one = await new()
            await share(one)
            two = await new()
            await share(one, two)
            assert one.revoked == [set(range(PARTITIONS))]
            await two.close()
            await share(one)

    asyncio.run(scenario())


def test_a_static_member_that_restarts_keeps_its_partitions_without_a_rebalance(
    kafka: Running,
) -> None:
    async def scenario() -> None:
        async with members(kafka) as new:
            one, two = await asyncio.gather(
                new(group_instance_id="one"), new(group_instance_id="two")
            )
            await share(one, two)
            before, had = generation(kafka), two.owned
            one.revoked.clear()
            await two.close()  # which does not leave
            again = await new(group_instance_id="two")
            await share(one, again)
            assert again.owned == had
            assert generation(kafka) == before
            assert one.revoked == []

    asyncio.run(scenario())


def test_what_was_committed_is_not_read_again_after_a_restart(kafka: Running) -> None:
    async def scenario() -> None:
        async with members(kafka) as new:
            one = await new()
            await comes(lambda: len(one.read) == 40, "all 40 records read")
            offsets = {
                TopicPartition(TOPIC, number): OffsetAndMetadata(7 + number, f"note {number}")
                for number in range(PARTITIONS - 1)
            }
            await one.consumer.commit(offsets)
            await one.close()

            two = await new()
            await comes(lambda: len(two.read) >= 16, "the 16 that were not committed")
            assert sorted(two.read) == sorted(
                (number, offset)
                for number in range(PARTITIONS)
                for offset in range(7 + number if number < PARTITIONS - 1 else 0, 10)
            )
            assert await two.consumer.committed(TopicPartition(TOPIC, 1)) == 8
            assert await two.consumer.committed(TopicPartition(TOPIC, PARTITIONS - 1)) is None

    asyncio.run(scenario())


KILLED = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer
async def main():
    consumer = AIOKafkaConsumer("orders", bootstrap_servers=sys.argv[1], **eval(sys.argv[2]))
    await consumer.start()
    async for record in consumer:
        print(record.partition, record.offset, flush=True)
asyncio.run(main())
"""


def test_what_a_killed_member_read_and_did_not_commit_comes_to_the_other(kafka: Running) -> None:
    async def scenario() -> None:
        async with members(kafka) as new:
            one = await new()
            await share(one)
            with Process(KILLED, kafka.bootstrap_servers, repr(SETTINGS)) as other:
                await comes(
                    lambda: len(set(other.said)) == 20 and len(one.owned) == PARTITIONS // 2,
                    "two partitions for each",
                )
                one.read.clear()
                other.kill()
                await comes(lambda: len(one.owned) == PARTITIONS, "all for who is left")
            theirs = {tuple(map(int, line.split())) for line in other.said}
            assert len(theirs) == 20
            await comes(lambda: theirs <= set(one.read), "what they read, again")

    asyncio.run(scenario())
