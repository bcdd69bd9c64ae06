"""aiokafka's admin client looks at groups and what they have committed."""

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import PATIENCE, make_topic

TOPIC = "orders"


async def scenario(kafka: Running) -> None:
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=kafka.bootstrap_servers,
        group_id="billing",
        client_id="the member",
        enable_auto_commit=False,
    )
    await consumer.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        while not consumer.assignment():
            await asyncio.sleep(0.01)
        place = TopicPartition(TOPIC, 1)
        await consumer.commit({place: OffsetAndMetadata(5, "half")})
        assert await admin.list_consumer_groups() == [("billing", "consumer")]
        (response,) = await admin.describe_consumer_groups(["billing"])
        (group,) = response.groups
        assert group[1:3] == ("billing", "Stable")
        (member,) = group[5]
        assert "the member" in member
        found = await admin.list_consumer_group_offsets("billing")
        assert found == {place: OffsetAndMetadata(5, "half")}
        coordinator = await admin.find_coordinator("billing")
        assert coordinator == kafka.server.coordinator("billing")
    finally:
        await admin.close()
        await consumer.stop()


def test_groups_and_their_offsets_are_shown(three_brokers: Running) -> None:
    make_topic(three_brokers, TOPIC, 2, 3)

    async def run() -> None:
        async with asyncio.timeout(PATIENCE):
            await scenario(three_brokers)

    asyncio.run(run())
