"""Consumer groups as kafka-python lives in them."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest
from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import FencedInstanceIdError, KafkaError

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import until

# It leaves sockets open; they are found here, and not in the middle of somebody else's test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _sockets() -> Iterator[None]:
    yield
    gc.collect()


PARTITIONS = 4

PLACE = TopicPartition("orders", 0)


class Told(ConsumerRebalanceListener):  # type: ignore[misc]
    """What a consumer was told of its partitions."""

    def __init__(self) -> None:
        self.history: list[tuple[str, list[int]]] = []

    def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """They are its own now."""
        self.history.append(("gets", sorted(each.partition for each in assigned)))

    def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """They are no more."""
        self.history.append(("gives", sorted(each.partition for each in revoked)))


class Member:
    """A consumer of the topic `orders` on a thread of its own: a poll that ends while its group
    gathers loses the assignment (kafka-python 3.0), so none waits in vain for another's."""

    def __init__(self, kafka: Running, **config: Any) -> None:
        self.values: list[bytes] = []
        self.owns: list[int] = []
        self.told = Told()
        self._todo: SimpleQueue[tuple[Callable[[KafkaConsumer], Any], Future[Any]]] = SimpleQueue()
        self._over = Event()
        self._consumer = KafkaConsumer(
            bootstrap_servers=kafka.bootstrap_servers,
            **{
                "group_id": "shop",
                "auto_offset_reset": "earliest",
                "enable_auto_commit": False,
                "session_timeout_ms": 6000,
                "heartbeat_interval_ms": 100,
                "retry_backoff_ms": 20,
                "partition_assignment_strategy": [RangePartitionAssignor],
            }
            | config,
        )
        self._consumer.subscribe(["orders"], listener=self.told)
        self._thread = Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        try:
            while not self._over.is_set():
                for records in self._consumer.poll(300).values():
                    self.values += [record.value for record in records]
                self.owns = sorted(each.partition for each in self._consumer.assignment())
                while not self._todo.empty():
                    what, answer = self._todo.get()
                    try:
                        answer.set_result(what(self._consumer))
                    except KafkaError as error:
                        answer.set_exception(error)
        finally:
            self._consumer.close()

    def does(self, what: Callable[[KafkaConsumer], Any]) -> Any:
        """Do something with the consumer on its thread."""
        answer: Future[Any] = Future()
        self._todo.put((what, answer))
        return answer.result(10)

    def close(self) -> None:
        """Leave, if it has not."""
        self._over.set()
        self._thread.join(10)


def shared(*members: Member) -> list[int]:
    """How many partitions each has."""
    return [len(member.owns) for member in members]


def fill(kafka: Running, replicas: int = 1) -> None:
    kafka.ask(lambda server: server.cluster.create_topic("orders", PARTITIONS, replicas))
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    for number in range(PARTITIONS):
        producer.send("orders", str(number).encode(), partition=number).get(10)
    producer.close()


@pytest.fixture
def group(kafka: Running) -> Iterator[Callable[..., Member]]:
    """Makes members of a group that reads the topic `orders`, where one record is in each
    partition."""
    fill(kafka)
    with ExitStack() as stack:

        def join(**config: Any) -> Member:
            member = Member(kafka, **config)
            stack.callback(member.close)
            return member

        yield join


def test_two_members_share_the_partitions_and_one_has_all_again(
    group: Callable[..., Member],
) -> None:
    first = group()
    until(lambda: len(first.owns) == PARTITIONS)
    second = group()
    until(lambda: shared(first, second) == [2, 2])
    assert first.told.history[-2:] == [("gives", [0, 1, 2, 3]), ("gets", first.owns)]
    second.close()
    until(lambda: len(first.owns) == PARTITIONS)


def test_cooperating_members_give_only_what_goes_elsewhere(group: Callable[..., Member]) -> None:
    cooperative = {"partition_assignment_strategy": [CooperativeStickyAssignor]}
    first = group(**cooperative)
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(**cooperative)
    until(lambda: shared(first, second) == [2, 2])
    gave = [its for what, its in first.told.history if what == "gives" and its]
    assert gave == [second.owns]


def test_a_static_member_is_back_and_nobody_notices(
    kafka: Running, group: Callable[..., Member]
) -> None:
    first, second = group(group_instance_id="till-1"), group(group_instance_id="till-2")
    until(lambda: shared(first, second) == [2, 2])
    before, its = list(first.told.history), second.owns
    generation = kafka.ask(lambda server: server.cluster.groups.describe("shop").generation)
    second.close()
    again = group(group_instance_id="till-2")
    until(lambda: [first.owns != its, again.owns] == [True, its])
    assert first.told.history == before
    assert kafka.ask(lambda server: server.cluster.groups.describe("shop").generation) == generation


def test_two_with_the_same_instance_id_cannot_both_be_there(
    group: Callable[..., Member],
) -> None:
    first = group(group_instance_id="till-1")
    until(lambda: len(first.owns) == PARTITIONS)
    second = group(group_instance_id="till-1")
    until(lambda: len(second.owns) == PARTITIONS)
    with pytest.raises(FencedInstanceIdError):
        first.does(lambda consumer: consumer.commit({PLACE: OffsetAndMetadata(1)}))


def test_what_was_committed_is_not_read_again(group: Callable[..., Member]) -> None:
    first = group()
    until(lambda: len(first.owns) == PARTITIONS and len(first.values) == PARTITIONS)
    committed = {TopicPartition("orders", number): OffsetAndMetadata(1) for number in (0, 1, 2)}
    first.does(lambda consumer: consumer.commit(committed))
    assert first.does(lambda consumer: consumer.committed(PLACE)) == 1
    assert first.does(lambda consumer: consumer.committed(TopicPartition("orders", 3))) is None
    first.close()
    again = group()
    until(lambda: len(again.owns) == PARTITIONS and again.values != [])
    assert again.values == [b"3"], "only where nothing was committed"


def test_a_group_survives_its_coordinator(three_brokers: Running) -> None:
    fill(three_brokers, replicas=3)
    member = Member(three_brokers, reconnect_backoff_ms=10)
    until(lambda: len(member.owns) == PARTITIONS and len(member.values) == PARTITIONS)
    three_brokers.stop_broker(three_brokers.ask(lambda server: server.coordinator("shop")))
    member.does(lambda consumer: consumer.commit())
    assert len(member.owns) == PARTITIONS
    places = [TopicPartition("orders", number) for number in range(PARTITIONS)]
    committed = member.does(lambda consumer: [consumer.committed(each) for each in places])
    assert committed == [1] * PARTITIONS
    member.close()


def test_an_operator_sees_groups_and_sets_their_offsets(
    kafka: Running, group: Callable[..., Member]
) -> None:
    member = group(client_id="till")
    until(lambda: len(member.owns) == PARTITIONS)
    member.does(lambda consumer: consumer.commit({PLACE: OffsetAndMetadata(1)}))
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    (listed,) = admin.list_groups()
    assert (listed["group_id"], listed["group_state"]) == ("shop", "Stable")
    described = admin.describe_groups(["shop"])["shop"]
    (only,) = described["members"]
    assert (only["client_id"], only["client_host"]) == ("till", "/127.0.0.1")
    member.close()
    admin.alter_group_offsets("shop", {PLACE: OffsetAndMetadata(0, "again")})
    assert admin.list_group_offsets({"shop": None})["shop"][PLACE].offset == 0
    admin.delete_group_offsets("shop", [PLACE])
    assert admin.list_group_offsets({"shop": None})["shop"] == {}
    admin.delete_groups(["shop"])
    assert admin.list_groups() == []
    admin.close()
