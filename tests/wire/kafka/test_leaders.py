"""Only the leader of a partition answers for it, and the next one when it has moved."""

from typing import Any

import pytest

from minibroker.log.errors import Code
from minibroker.wire.kafka.running import Running
from tests.wire.kafka.asking import Wire


def offsets(address: str) -> Code:
    """What this broker says when it is asked where the partition ends."""

    def make(of: Any) -> dict[str, Any]:
        partition = of.ListOffsetsPartition(partition_index=0, timestamp=-1)
        topic = of.ListOffsetsTopic(name="orders", partitions=(partition,))
        return {"topics": (topic,), "replica_id": -1, "isolation_level": 0}

    wire = Wire(int(address.rpartition(":")[2]))
    try:
        found = wire.ask("list_offsets", 4, make)
    finally:
        wire.close()
    return Code(found.topics[0].partitions[0].error_code)


@pytest.fixture
def orders(three_brokers: Running) -> Running:
    """With a topic of one partition, which all have."""
    three_brokers.ask(lambda server: server.cluster.create_topic("orders", 1, 3))
    return three_brokers


def leader(kafka: Running) -> int:
    return kafka.ask(lambda server: server.cluster.leader("orders", 0))


def answers(kafka: Running) -> dict[int, Code]:
    """Of each broker that runs."""
    addresses = kafka.ask(
        lambda server: {
            number: f"{each.host}:{each.port}"
            for number, each in server.brokers.items()
            if each.listens
        }
    )
    return {number: offsets(address) for number, address in addresses.items()}


def test_who_does_not_lead_sends_the_client_on(orders: Running) -> None:
    first = leader(orders)
    expected = dict.fromkeys((1, 2, 3), Code.NOT_LEADER_OR_FOLLOWER) | {first: Code.NONE}
    assert answers(orders) == expected


def test_the_next_leader_answers_when_the_first_has_stopped(orders: Running) -> None:
    first = leader(orders)
    orders.stop_broker(first)
    second = leader(orders)
    assert second != first
    left = {1, 2, 3} - {first}
    expected = dict.fromkeys(left, Code.NOT_LEADER_OR_FOLLOWER) | {second: Code.NONE}
    assert answers(orders) == expected
