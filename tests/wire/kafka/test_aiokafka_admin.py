import asyncio
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import (
    AIOKafkaAdminClient,
    NewPartitions,
    NewTopic,
    RecordsToDelete,
)
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidPartitionsError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from minibroker.wire.kafka.running import start


@asynccontextmanager
async def administered():
    with start(3) as kafka:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic("orders", 2, 3)])
            yield kafka, admin
        finally:
            await admin.close()


def test_a_topic_has_more_partitions_when_they_were_asked_for():
    async def scenario():
        async with administered() as (kafka, admin):
            await admin.create_partitions({"orders": NewPartitions(4)})
            assert kafka.server.cluster.partitions("orders") == 4
            with pytest.raises(InvalidPartitionsError, match="4 partitions; 2 are not more"):
                await admin.create_partitions({"orders": NewPartitions(2)})

    asyncio.run(scenario())


def test_settings_of_topics_and_brokers_are_described_and_those_of_topics_changed():
    async def scenario():
        async with administered() as (_, admin):
            changed, _ = await admin.alter_configs(
                [
                    ConfigResource(ConfigResourceType.TOPIC, "orders", {"retention.ms": "60000"}),
                    ConfigResource(ConfigResourceType.BROKER, "2", {"num.partitions": "2"}),
                ]
            )
            assert changed.resources[0][0] == 0
            topic = ConfigResource(ConfigResourceType.TOPIC, "orders", {"retention.ms": ""})
            broker = ConfigResource(ConfigResourceType.BROKER, "2")
            of_broker, of_topic = await admin.describe_configs([topic, broker])
            assert [each[:2] for each in of_topic.resources[0][4]] == [("retention.ms", "60000")]
            assert ("node.id", "2") in [each[:2] for each in of_broker.resources[0][4]]

    asyncio.run(scenario())


def test_a_brokers_settings_are_kept():
    async def scenario():
        async with administered() as (_, admin):
            broker = ConfigResource(ConfigResourceType.BROKER, "2", {"num.partitions": "2"})
            _, refused = await admin.alter_configs([broker])
            code, words = refused.resources[0][:2]
            assert code == 42
            assert "cannot be changed while it runs" in words

    asyncio.run(scenario())


def test_records_are_deleted_below_an_offset():
    async def scenario():
        async with administered() as (_, admin):
            place = TopicPartition("orders", 0)
            assert await admin.delete_records({place: RecordsToDelete(-1)}) == {place: 0}
            with pytest.raises(OffsetOutOfRangeError):
                await admin.delete_records({place: RecordsToDelete(5)})

    asyncio.run(scenario())


def test_the_cluster_is_described():
    async def scenario():
        async with administered() as (kafka, admin):
            found = await admin.describe_cluster()
            assert [each["node_id"] for each in found["brokers"]] == [1, 2, 3]
            assert found["cluster_id"] == kafka.server.cluster_id

    asyncio.run(scenario())
