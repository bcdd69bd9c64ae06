"""confluent-kafka's consumer groups: who has which partitions, and what was committed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from minibroker.wire.kafka.running import Running
from minibroker.wire.kafka.server import KafkaServer
from tests.wire.kafka.waiting import SESSION_MS, Process, make_topic, until

TOPIC, PARTITIONS = "orders", 4

CLASSIC = {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": 200}
EAGER = CLASSIC | {"partition.assignment.strategy": "range"}
COOPERATIVE = CLASSIC | {"partition.assignment.strategy": "cooperative-sticky"}
MODERN = {"group.protocol": "consumer"}

New = Callable[..., "Member"]


class Member:
    """A consumer of `TOPIC`, with the partitions that it has been given and what it has read."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.owned: set[int] = set()
        self.revoked: list[set[int]] = []
        self.read: list[tuple[int, int, bytes]] = []
        self.allowed: int | None = None
        self.refused = False
        consumer.subscribe([TOPIC], on_assign=self._given, on_revoke=self._taken)

    def poll(self) -> None:
        """Look for a record for a moment."""
        message = self.consumer.poll(0.02)
        if message is None:
            return
        if message.error() is not None:
            assert message.error().code() == self.allowed, message.error()
            self.refused = True
        else:
            self.read.append((message.partition(), message.offset(), message.value()))

    def _given(self, _: Any, partitions: list[Any]) -> None:
        self.owned |= {each.partition for each in partitions}

    def _taken(self, _: Any, partitions: list[Any]) -> None:
        taken = {each.partition for each in partitions}
        self.owned -= taken
        self.revoked.append(taken)


@pytest.fixture
def broker(kafka: Running) -> Running:
    """With a topic, and ten records in each of its partitions."""
    make_topic(kafka, TOPIC, PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 0})
    for number in range(PARTITIONS * 10):
        producer.produce(TOPIC, str(number).encode(), partition=number % PARTITIONS)
    assert producer.flush(5) == 0
    kafka.ask(shorten)
    return kafka


def shorten(server: KafkaServer) -> None:
    """Members of the newer protocol are told by the broker how long a session is."""
    groups = server.cluster.groups
    groups.consumer_session, groups.consumer_interval = SESSION_MS * 1_000, 200_000


@pytest.fixture
def new(broker: Running) -> Iterator[New]:
    """Makes members of the group ``billing``, and closes them."""
    made: list[Any] = []

    def make(settings: dict[str, Any], **more: Any) -> Member:
        given = {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "billing",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 0,
        }
        made.append(Consumer(given | settings | more))
        return Member(made[-1])

    yield make
    for each in made:
        each.close()


def share(*members: Member) -> None:
    """Poll until each has its equal part."""

    def polled() -> None:
        for each in members:
            each.poll()

    part = PARTITIONS // len(members)
    until(
        lambda: all(len(each.owned) == part for each in members),
        polled,
        f"{part} partitions for each of {len(members)} members",
    )
    assert set().union(*(each.owned for each in members)) == set(range(PARTITIONS))


def generation(broker: Running) -> int:
    return broker.ask(lambda server: server.cluster.groups.describe("billing").generation)


@pytest.mark.parametrize("settings", [EAGER, COOPERATIVE, MODERN], ids=["eager", "coop", "modern"])
def test_two_members_share_the_partitions_and_one_that_leaves_gives_its_own_back(
    new: New, settings: dict[str, Any]
) -> None:
    one = new(settings)
    share(one)
    two = new(settings)
    share(one, two)
    two.consumer.close()
    share(one)


def test_an_eager_rebalance_takes_all_and_a_cooperative_one_only_what_moves(new: New) -> None:
    one = new(EAGER)
    share(one)
    two = new(EAGER)
    share(one, two)
    assert one.revoked == [set(range(PARTITIONS))]
    one.consumer.close()
    two.consumer.close()

    for settings in COOPERATIVE, MODERN:
        one = new(settings | {"group.id": f"other {settings}"})
        share(one)
        two = new(settings | {"group.id": f"other {settings}"})
        share(one, two)
        assert one.revoked == [two.owned]


def test_a_static_member_that_restarts_keeps_its_partitions_without_a_rebalance(
    new: New, broker: Running
) -> None:
    one = new(EAGER, **{"group.instance.id": "one"})
    two = new(EAGER, **{"group.instance.id": "two"})
    share(one, two)
    before, had = generation(broker), set(two.owned)
    one.revoked.clear()
    two.consumer.close()  # which does not leave
    again = new(EAGER, **{"group.instance.id": "two"})
    share(one, again)
    assert again.owned == had
    assert generation(broker) == before
    assert one.revoked == []


def test_a_second_member_of_an_instance_id_fences_the_first(new: New) -> None:
    one = new(EAGER, **{"group.instance.id": "one"})
    share(one)
    one.allowed = KafkaError._FATAL
    two = new(EAGER, **{"group.instance.id": "one"})
    share(two)
    until(lambda: one.refused, one.poll, "the first is told that it is fenced")


def test_a_static_member_of_the_newer_protocol_keeps_its_partitions_as_well(
    new: New, broker: Running
) -> None:
    one = new(MODERN, **{"group.instance.id": "one"})
    two = new(MODERN, **{"group.instance.id": "two"})
    share(one, two)
    before, had = generation(broker), set(two.owned)
    one.revoked.clear()
    two.consumer.close()
    again = new(MODERN, **{"group.instance.id": "two"})
    share(one, again)
    assert again.owned == had
    assert generation(broker) == before
    assert one.revoked == []


@pytest.mark.parametrize("settings", [EAGER, MODERN], ids=["classic", "modern"])
def test_what_was_committed_is_not_read_again_after_a_restart(
    new: New, settings: dict[str, Any]
) -> None:
    one = new(settings)
    until(lambda: len(one.read) == 40, one.poll, "all 40 records read")
    offsets = [TopicPartition(TOPIC, number, 7 + number) for number in range(PARTITIONS - 1)]
    one.consumer.commit(offsets=offsets, asynchronous=False)
    one.consumer.close()

    two = new(settings)
    until(lambda: len(two.read) == 16, two.poll, "the 16 that were not committed")
    assert sorted(each[:2] for each in two.read) == sorted(
        (number, offset)
        for number in range(PARTITIONS)
        for offset in range(7 + number if number < PARTITIONS - 1 else 0, 10)
    )
    two.poll()
    assert len(two.read) == 16


def test_a_position_is_committed_with_metadata_and_seen_by_others(new: New) -> None:
    one = new(EAGER)
    share(one)
    offset = TopicPartition(TOPIC, 1, 5, metadata="half")
    one.consumer.commit(offsets=[offset], asynchronous=False)
    wanted = [TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)]
    found = one.consumer.committed(wanted, timeout=5)
    assert [(each.offset, each.metadata) for each in found] == [(-1001, None), (5, "half")]


@pytest.mark.parametrize("settings", [EAGER, MODERN], ids=["classic", "modern"])
def test_partitions_that_come_and_go_are_shared_out_anew(
    new: New, broker: Running, settings: dict[str, Any]
) -> None:
    often = settings | {"topic.metadata.refresh.interval.ms": 200}
    one, two = new(often), new(often)
    share(one, two)

    def polled() -> None:
        for each in (one, two):
            each.poll()

    def owned() -> list[int]:
        return sorted([*one.owned, *two.owned])

    broker.ask(lambda server: server.cluster.add_partitions(TOPIC, 6))
    until(lambda: owned() == [*range(6)], polled, "six partitions")
    one.allowed = KafkaError.UNKNOWN_TOPIC_OR_PART
    two.allowed = KafkaError.UNKNOWN_TOPIC_OR_PART
    broker.ask(lambda server: server.cluster.delete_topic(TOPIC))
    until(lambda: owned() == [], polled, "none")
    make_topic(broker, TOPIC, 2)
    until(lambda: owned() == [0, 1], polled, "the two of another topic of this name")


KILLED = """
import sys
from confluent_kafka import Consumer
consumer = Consumer(eval(sys.argv[1]))
consumer.subscribe(["orders"])
for _ in range(20):
    message = consumer.poll(10)
    print(message.partition(), message.offset(), flush=True)
while True:
    consumer.poll(1)
"""


@pytest.mark.parametrize("settings", [EAGER, MODERN], ids=["classic", "modern"])
def test_what_a_killed_member_read_and_did_not_commit_comes_to_the_other(
    new: New, broker: Running, settings: dict[str, Any]
) -> None:
    given = {
        "bootstrap.servers": broker.bootstrap_servers,
        "group.id": "billing",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    one = new(settings)
    share(one)
    with Process(KILLED, repr(given | settings)) as other:
        until(
            lambda: len(set(other.said)) == 20 and len(one.owned) == PARTITIONS // 2,
            one.poll,
            "two partitions for each",
        )
        one.read.clear()
        other.kill()
        until(lambda: len(one.owned) == PARTITIONS, one.poll, "all partitions for who is left")
    theirs = {tuple(map(int, line.split())) for line in other.said}
    assert len(theirs) == 20
    until(lambda: theirs <= {each[:2] for each in one.read}, one.poll, "what they read, again")
