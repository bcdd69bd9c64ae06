"""Consumer groups as confluent-kafka lives in them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import until

PARTITIONS = 4

ALL = {b"0", b"1", b"2", b"3"}


class Member:
    """A consumer of the topic `orders`, and what it was told of its partitions."""

    def __init__(self, kafka: Running, **config: object) -> None:
        self.history: list[tuple[str, list[int]]] = []
        self.values: list[bytes] = []
        self.consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "shop",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "log_level": 0,
                "fetch.wait.max.ms": 50,
                **config,
            }
        )
        self.consumer.subscribe(["orders"], on_assign=self._is("gets"), on_revoke=self._is("gives"))

    def _is(self, what: str) -> Callable[[Consumer, list[TopicPartition]], None]:
        def told(_: Consumer, partitions: list[TopicPartition]) -> None:
            self.history.append((what, sorted(each.partition for each in partitions)))

        return told

    @property
    def owns(self) -> list[int]:
        """Its partitions, after another poll."""
        message = self.consumer.poll(0.02)
        if message is not None:
            assert message.error() is None
            value = message.value()
            assert value is not None
            self.values.append(value)
        return sorted(each.partition for each in self.consumer.assignment())


@pytest.fixture
def group(kafka: Running) -> Iterator[Callable[..., Member]]:
    """Makes members of a group that reads the topic `orders`, where one record is in each
    partition."""
    fill(kafka)
    with ExitStack() as stack:

        def join(**config: object) -> Member:
            member = Member(kafka, **{name.replace("_", "."): it for name, it in config.items()})
            stack.callback(member.consumer.close)
            return member

        yield join


def fill(kafka: Running, replicas: int = 1) -> None:
    kafka.ask(lambda server: server.cluster.create_topic("orders", PARTITIONS, replicas))
    produce(kafka, sorted(ALL))


def produce(kafka: Running, values: list[bytes]) -> None:
    """One to each partition, from the first on."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    for number, value in enumerate(values):
        producer.produce("orders", value, partition=number)
    assert producer.flush(10) == 0


def shared(*members: Member) -> list[int]:
    """How many partitions each has. All are polled, since each may wait for another."""
    return [len(member.owns) for member in members]


CLASSIC = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 100}
EAGER = CLASSIC | {"partition_assignment_strategy": "range"}
COOPERATIVE = CLASSIC | {"partition_assignment_strategy": "cooperative-sticky"}
NEWER = {"group_protocol": "consumer"}


def hurry(kafka: Running) -> None:
    """Let members of the newer protocol come often."""

    def set_interval(server: object) -> None:
        server.cluster.groups.consumer_interval = 100_000  # type: ignore[attr-defined]

    kafka.ask(set_interval)


def test_two_members_share_the_partitions_and_one_has_all_again(
    group: Callable[..., Member],
) -> None:
    first = group(**EAGER)
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(**EAGER)
    until(lambda: shared(first, second) == [2, 2])
    assert first.history == [
        ("gets", [0, 1, 2, 3]),
        ("gives", [0, 1, 2, 3]),
        ("gets", first.owns),
    ]
    second.consumer.close()
    until(lambda: len(first.owns) == PARTITIONS)


def test_cooperating_members_give_only_what_goes_elsewhere(group: Callable[..., Member]) -> None:
    first = group(**COOPERATIVE)
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(**COOPERATIVE)
    until(lambda: shared(first, second) == [2, 2])
    gave = [its for what, its in first.history if what == "gives" and its]
    assert gave == [second.owns]


def test_a_static_member_is_back_and_nobody_notices(
    kafka: Running, group: Callable[..., Member]
) -> None:
    first = group(**EAGER, group_instance_id="till-1")
    second = group(**EAGER, group_instance_id="till-2")
    until(lambda: shared(first, second) == [2, 2])
    before = list(first.history)
    its = second.owns
    generation = kafka.ask(lambda server: server.cluster.groups.describe("shop").generation)
    second.consumer.close()
    again = group(**EAGER, group_instance_id="till-2")
    until(lambda: [first.owns != its, again.owns] == [True, its])
    assert first.history == before
    assert kafka.ask(lambda server: server.cluster.groups.describe("shop").generation) == generation


def test_two_with_the_same_instance_id_cannot_both_be_there(
    group: Callable[..., Member],
) -> None:
    first = group(**EAGER, group_instance_id="till-1")
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(**EAGER, group_instance_id="till-1")
    until(lambda: len(second.owns) == PARTITIONS)
    seen: list[int] = []

    def is_fenced() -> bool:
        message = first.consumer.poll(0.05)
        error = message.error() if message is not None else None
        seen.extend([error.code()] if error is not None else [])
        return bool(seen)

    until(is_fenced)
    assert seen == [KafkaError._FATAL]


def test_the_broker_assigns_in_the_newer_protocol(
    kafka: Running, group: Callable[..., Member]
) -> None:
    hurry(kafka)
    first = group(**NEWER)
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(**NEWER)
    until(lambda: shared(first, second) == [2, 2])
    assert sorted(first.owns + second.owns) == [0, 1, 2, 3]
    gave = [its for what, its in first.history if what == "gives" and its]
    assert gave == [second.owns]
    second.consumer.close()
    until(lambda: len(first.owns) == PARTITIONS and {*first.values, *second.values} == ALL)
    first.consumer.commit(asynchronous=False)
    wanted = [TopicPartition("orders", 0)]
    assert first.consumer.committed(wanted, 5)[0].offset == 1


def test_a_static_member_of_the_newer_protocol_keeps_its_part(
    kafka: Running, group: Callable[..., Member]
) -> None:
    hurry(kafka)
    first = group(**NEWER, group_instance_id="till-1")
    second = group(**NEWER, group_instance_id="till-2")
    until(lambda: shared(first, second) == [2, 2])
    before, its = list(first.history), second.owns
    second.consumer.close()
    again = group(**NEWER, group_instance_id="till-2")
    until(lambda: [first.owns != its, again.owns] == [True, its])
    assert first.history == before


@pytest.mark.parametrize("config", [EAGER, NEWER], ids=["classic", "newer"])
def test_what_was_committed_is_not_read_again(
    kafka: Running, group: Callable[..., Member], config: dict[str, object]
) -> None:
    hurry(kafka)
    first = group(**config)
    until(lambda: len(first.owns) == PARTITIONS and len(first.values) == PARTITIONS)
    first.consumer.commit(
        offsets=[TopicPartition("orders", number, 1) for number in (0, 1, 2)], asynchronous=False
    )
    first.consumer.close()
    produce(kafka, [b"later"] * 3)
    again = group(**config)
    until(lambda: len(again.owns) == PARTITIONS and len(again.values) == PARTITIONS)
    assert sorted(again.values) == [b"3", b"later", b"later", b"later"]


def test_a_group_survives_its_coordinator(three_brokers: Running) -> None:
    fill(three_brokers, replicas=3)
    member = Member(
        three_brokers,
        **{"session.timeout.ms": 6000, "heartbeat.interval.ms": 100, "reconnect.backoff.ms": 10},
    )
    until(lambda: len(member.owns) == PARTITIONS and len(member.values) == PARTITIONS)
    three_brokers.stop_broker(three_brokers.ask(lambda server: server.coordinator("shop")))
    member.consumer.commit(asynchronous=False)
    assert len(member.owns) == PARTITIONS
    wanted = [TopicPartition("orders", number) for number in range(PARTITIONS)]
    assert [each.offset for each in member.consumer.committed(wanted, 5)] == [1] * PARTITIONS
    assert [what for what, _ in member.history] == ["gets"]
    member.consumer.close()


def test_an_operator_sees_groups_and_sets_their_offsets(
    kafka: Running, group: Callable[..., Member]
) -> None:
    member = group(**EAGER, client_id="till")
    until(lambda: len(member.owns) == PARTITIONS)
    member.consumer.commit(offsets=[TopicPartition("orders", 0, 1)], asynchronous=False)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    listed = admin.list_consumer_groups(request_timeout=5).result(5)
    assert [(each.group_id, each.state) for each in listed.valid] == [
        ("shop", ConsumerGroupState.STABLE)
    ]
    described = admin.describe_consumer_groups(["shop"], request_timeout=5)["shop"].result(5)
    (only,) = described.members
    assert (only.client_id, only.host) == ("till", "/127.0.0.1")
    its = only.assignment.topic_partitions
    assert sorted(each.partition for each in its) == [0, 1, 2, 3]
    member.consumer.close()
    assert admin.delete_consumer_groups(["shop"], request_timeout=5)["shop"].result(5) is None
    assert admin.list_consumer_groups(request_timeout=5).result(5).valid == []
