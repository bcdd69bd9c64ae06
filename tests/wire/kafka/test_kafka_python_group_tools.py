"""kafka-python's admin client looks at groups and transactions, and changes what is committed."""

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as failures
from kafka.admin import MemberToRemove
from kafka.structs import OffsetAndMetadata

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import make_topic, until

TOPIC = "orders"
PLACES = [TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)]


@pytest.fixture
def broker(three_brokers: Running) -> Running:
    make_topic(three_brokers, TOPIC, 2, 3)
    return three_brokers


@pytest.fixture
def admin(broker: Running) -> Iterator[Any]:
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    yield client
    client.close()


@pytest.fixture
def member(broker: Running) -> Iterator[Any]:
    """The one member of ``billing``."""
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=broker.bootstrap_servers,
        group_id="billing",
        client_id="the member",
        enable_auto_commit=False,
    )
    until(consumer.assignment, lambda: consumer.poll(timeout_ms=1_000), "partitions")
    yield consumer
    consumer.close(timeout_ms=2_000)


def committed(admin: Any) -> dict[int, int]:
    found = admin.list_group_offsets({"billing": None})["billing"]
    return {place.partition: each.offset for place, each in found.items()}


def test_groups_are_listed_and_described(admin: Any, member: Any) -> None:
    (listed,) = admin.list_groups()
    assert (listed["group_id"], listed["group_state"]) == ("billing", "Stable")
    assert admin.list_groups(states_filter=["empty"]) == []
    group = admin.describe_groups(["billing"])["billing"]
    (each,) = group["members"]
    assert (group["group_state"], each["client_id"]) == ("Stable", "the member")
    assert admin.describe_groups(["nobody"])["nobody"]["group_state"] == "Dead"


def test_offsets_are_changed_while_the_group_has_no_members(admin: Any, member: Any) -> None:
    member.commit({place: OffsetAndMetadata(5, "", -1) for place in PLACES})
    assert committed(admin) == {0: 5, 1: 5}
    change = {PLACES[1]: OffsetAndMetadata(2, "", -1)}
    result = admin.alter_group_offsets("billing", change)
    assert result == {PLACES[1]: failures.UnknownMemberIdError}
    result = admin.delete_group_offsets("billing", [PLACES[0]])
    assert result == {PLACES[0]: failures.GroupSubscribedToTopicError}
    assert "NonEmpty" in str(admin.delete_groups(["billing"]))
    assert committed(admin) == {0: 5, 1: 5}

    member.close()
    admin.alter_group_offsets("billing", change)
    assert committed(admin) == {0: 5, 1: 2}
    admin.delete_group_offsets("billing", [PLACES[0]])
    assert committed(admin) == {1: 2}
    admin.delete_groups(["billing"])
    assert committed(admin) == {}
    assert admin.list_groups() == []


def test_an_operator_removes_a_member(admin: Any, member: Any) -> None:
    (each,) = admin.describe_groups(["billing"])["billing"]["members"]
    removed = MemberToRemove(member_id=each["member_id"])
    stranger = MemberToRemove(member_id="stranger")
    result = admin.remove_group_members("billing", [removed, stranger])
    assert [*result.values()] == [failures.NoError, failures.UnknownMemberIdError]
    assert admin.describe_groups(["billing"])["billing"]["members"] == []


@pytest.fixture
def producer(broker: Running) -> Iterator[Any]:
    client = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id="shop")
    yield client
    client.close(timeout=2)


def test_transactions_and_producers_are_described(
    admin: Any, producer: Any, broker: Running
) -> None:
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(TOPIC, b"bill", partition=1).get(60)
    coordinator = broker.ask(lambda server: server.coordinator("shop"))
    found = admin.list_transactions()
    (listed,) = found.pop(coordinator)
    assert [*found.values()] == [[], []]
    assert (listed.transactional_id, listed.state) == ("shop", "Ongoing")
    assert [*admin.list_transactions(state_filters=["Empty"]).values()] == [[], [], []]
    described = admin.describe_transactions(["shop"])["shop"]
    assert described.topic_partitions == {PLACES[1]}
    assert described.transaction_start_time_ms > 0
    (state,) = admin.describe_producers([PLACES[1]])[PLACES[1]].active_producers
    assert state.producer_id == described.producer_id == listed.producer_id
    assert (state.last_sequence, state.current_transaction_start_offset) == (0, 0)

    producer.commit_transaction()
    (state,) = admin.describe_producers([PLACES[1]])[PLACES[1]].active_producers
    assert state.current_transaction_start_offset == -1
    with pytest.raises(failures.TransactionalIdNotFoundError):
        admin.describe_transactions(["nobody"])
