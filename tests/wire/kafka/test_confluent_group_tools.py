"""confluent-kafka's admin client looks at groups and changes what they have committed."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import make_topic, until

TOPIC, WAIT = "orders", 5


@pytest.fixture
def broker(three_brokers: Running) -> Running:
    return three_brokers


@pytest.fixture
def admin(broker: Running) -> Any:
    make_topic(broker, TOPIC, 2, 3)
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})


@pytest.fixture
def members(broker: Running, admin: Any) -> Iterator[dict[str, Any]]:
    """A member of a group of either protocol, with its partitions."""
    made = {}
    for protocol in ("classic", "consumer"):
        made[protocol] = consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "group.id": f"{protocol} group",
                "group.protocol": protocol,
                "client.id": f"the {protocol} client",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        consumer.subscribe([TOPIC])
        until(consumer.assignment, lambda: consumer.poll(0.05), "partitions")  # noqa: B023
    yield made
    for each in made.values():
        each.close()


def one(futures: dict[Any, Any]) -> Any:
    (future,) = futures.values()
    return future.result(WAIT)


def refused(futures: dict[Any, Any]) -> Any:
    with pytest.raises(KafkaException) as error:
        one(futures)
    return error.value.args[0].code()


def committed(admin: Any, group: str) -> dict[int, int]:
    found = one(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    return {each.partition: each.offset for each in found.topic_partitions}


def test_groups_are_listed_by_state_and_type(admin: Any, members: dict[str, Any]) -> None:
    members["classic"].commit(offsets=[TopicPartition(TOPIC, 0, 1)], asynchronous=False)
    members["classic"].close()

    def listed(**how: Any) -> list[tuple[str, Any, Any]]:
        found = admin.list_consumer_groups(**how).result(WAIT)
        assert not found.errors
        return sorted((each.group_id, each.state, each.type) for each in found.valid)

    classic = ("classic group", ConsumerGroupState.EMPTY, ConsumerGroupType.CLASSIC)
    modern = ("consumer group", ConsumerGroupState.STABLE, ConsumerGroupType.CONSUMER)
    assert listed() == [classic, modern]
    assert listed(states={ConsumerGroupState.EMPTY}) == [classic]
    assert listed(types={ConsumerGroupType.CONSUMER}) == [modern]


def test_groups_of_either_protocol_are_described(admin: Any, members: dict[str, Any]) -> None:
    for protocol in members:
        group = one(admin.describe_consumer_groups([f"{protocol} group"]))
        assert group.state == ConsumerGroupState.STABLE
        (member,) = group.members
        assert member.client_id == f"the {protocol} client"
        places = [(each.topic, each.partition) for each in member.assignment.topic_partitions]
        assert sorted(places) == [(TOPIC, 0), (TOPIC, 1)]


def test_a_group_that_there_is_not_is_dead(admin: Any) -> None:
    group = one(admin.describe_consumer_groups(["nobody"]))
    assert (group.state, group.members) == (ConsumerGroupState.DEAD, [])


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_offsets_are_changed_while_the_group_has_no_members(
    admin: Any, members: dict[str, Any], protocol: str
) -> None:
    name = f"{protocol} group"
    places = [TopicPartition(TOPIC, 0, 4), TopicPartition(TOPIC, 1, 6)]
    members[protocol].commit(offsets=places, asynchronous=False)
    assert committed(admin, name) == {0: 4, 1: 6}
    changes = [ConsumerGroupTopicPartitions(name, [TopicPartition(TOPIC, 1, 2)])]
    (result,) = one(admin.alter_consumer_group_offsets(changes)).topic_partitions
    assert result.error.code() == KafkaError.UNKNOWN_MEMBER_ID
    assert refused(admin.delete_consumer_groups([name])) == KafkaError.NON_EMPTY_GROUP
    assert committed(admin, name) == {0: 4, 1: 6}

    members[protocol].close()
    (result,) = one(admin.alter_consumer_group_offsets(changes)).topic_partitions
    assert result.error is None
    assert committed(admin, name) == {0: 4, 1: 2}
    one(admin.delete_consumer_groups([name]))
    assert committed(admin, name) == {}
    assert refused(admin.delete_consumer_groups([name])) == KafkaError.GROUP_ID_NOT_FOUND
