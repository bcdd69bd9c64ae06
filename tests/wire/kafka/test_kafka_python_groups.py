"""kafka-python's consumer groups: who has which partitions, and what was committed."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import OffsetAndMetadata

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import PATIENCE, SESSION_MS, Process, make_topic, until

TOPIC, PARTITIONS = "orders", 4

EAGER = {"partition_assignment_strategy": [RangePartitionAssignor]}
COOPERATIVE = {"partition_assignment_strategy": [CooperativeStickyAssignor]}

New = Callable[..., "Member"]


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """A consumer of `TOPIC` on a thread of its own, with what it has, what was taken from it and
    what it has read. It polls for long, since kafka-python 3.0 drops an assignment that comes while
    a poll ends."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.owned: set[int] = set()
        self.revoked: list[set[int]] = []
        self.read: list[tuple[int, int]] = []
        self._settings = settings
        self._over = threading.Event()
        self._asked: queue.SimpleQueue[tuple[Callable[[Any], Any], Future[Any]]]
        self._asked = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """Call something of the consumer, on its thread."""
        answer: Future[Any] = Future()
        self._asked.put((question, answer))
        return answer.result(PATIENCE)

    def close(self) -> None:
        """Close the consumer."""
        self._over.set()
        self._thread.join(PATIENCE)
        self.owned.clear()

    def _work(self) -> None:
        consumer = KafkaConsumer(**self._settings)
        consumer.subscribe([TOPIC], listener=self)
        while not self._over.is_set():
            for place, records in consumer.poll(timeout_ms=1_000 if not self.owned else 50).items():
                self.read.extend((place.partition, each.offset) for each in records)
            while not self._asked.empty():
                question, answer = self._asked.get()
                answer.set_result(question(consumer))
        consumer.close(timeout_ms=2_000)

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Before they go."""
        if revoked:
            self.revoked.append({each.partition for each in revoked})
            self.owned -= self.revoked[-1]

    def on_partitions_assigned(self, assigned: Any) -> None:
        """When they have come."""
        self.owned |= {each.partition for each in assigned}


def wait(holds: Callable[[], object], what: str) -> None:
    until(holds, lambda: time.sleep(0.01), what)


@pytest.fixture
def broker(kafka: Running) -> Running:
    """With a topic, and ten records in each of its partitions."""
    make_topic(kafka, TOPIC, PARTITIONS)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    for number in range(PARTITIONS * 10):
        producer.send(TOPIC, str(number).encode(), partition=number % PARTITIONS)
    producer.flush(60)
    producer.close()
    return kafka


@pytest.fixture
def new(broker: Running) -> Iterator[New]:
    """Makes members of the group ``billing``, and closes them."""
    made: list[Member] = []

    def make(settings: dict[str, Any], **more: Any) -> Member:
        given = {
            "bootstrap_servers": broker.bootstrap_servers,
            "group_id": "billing",
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "session_timeout_ms": SESSION_MS,
            "heartbeat_interval_ms": 200,
        }
        made.append(Member(given | settings | more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def share(*members: Member) -> None:
    """Poll until each has its equal part."""
    part = PARTITIONS // len(members)
    wait(
        lambda: all(len(each.owned) == part for each in members),
        f"{part} partitions for each of {len(members)} members",
    )
    assert set().union(*(each.owned for each in members)) == set(range(PARTITIONS))


def generation(broker: Running) -> int:
    return broker.ask(lambda server: server.cluster.groups.describe("billing").generation)


@pytest.mark.parametrize(
    ("settings", "moved"),
    [(EAGER, set(range(PARTITIONS))), (COOPERATIVE, None)],
    ids=["eager", "cooperative"],
)
def test_two_members_share_the_partitions_and_one_that_leaves_gives_its_own_back(
    new: New, settings: dict[str, Any], moved: set[int] | None
) -> None:
    one = new(settings)
    share(one)
    two = new(settings)
    share(one, two)
    assert one.revoked == [moved or two.owned]
    two.close()
    share(one)


def test_a_static_member_that_restarts_keeps_its_partitions_without_a_rebalance(
    new: New, broker: Running
) -> None:
    one = new(EAGER, group_instance_id="one")
    two = new(EAGER, group_instance_id="two")
    share(one, two)
    before, had = generation(broker), set(two.owned)
    one.revoked.clear()
    two.close()  # which does not leave
    again = new(EAGER, group_instance_id="two")
    share(one, again)
    assert again.owned == had
    assert generation(broker) == before
    assert one.revoked == []


def test_what_was_committed_is_not_read_again_after_a_restart(new: New) -> None:
    one = new(EAGER)
    wait(lambda: len(one.read) == 40, "all 40 records read")
    offsets = {
        TopicPartition(TOPIC, number): OffsetAndMetadata(7 + number, f"note {number}", -1)
        for number in range(PARTITIONS - 1)
    }
    one.ask(lambda consumer: consumer.commit(offsets))
    one.close()

    two = new(EAGER)
    wait(lambda: len(two.read) == 16, "the 16 that were not committed")
    assert sorted(two.read) == sorted(
        (number, offset)
        for number in range(PARTITIONS)
        for offset in range(7 + number if number < PARTITIONS - 1 else 0, 10)
    )
    place = TopicPartition(TOPIC, 1)
    found = two.ask(lambda consumer: consumer.committed(place, metadata=True))
    assert (found.offset, found.metadata) == (8, "note 1")
    place = TopicPartition(TOPIC, PARTITIONS - 1)
    assert two.ask(lambda consumer: consumer.committed(place)) is None
    assert len(two.read) == 16


KILLED = """
import sys
from kafka import KafkaConsumer
from kafka.coordinator.assignors.range import RangePartitionAssignor
consumer = KafkaConsumer("orders", bootstrap_servers=sys.argv[1], group_id="billing",
    auto_offset_reset="earliest", enable_auto_commit=False,
    session_timeout_ms=6000, heartbeat_interval_ms=200,
    partition_assignment_strategy=[RangePartitionAssignor])
for record in consumer:
    print(record.partition, record.offset, flush=True)
"""


def test_what_a_killed_member_read_and_did_not_commit_comes_to_the_other(
    new: New, broker: Running
) -> None:
    one = new(EAGER)
    share(one)
    with Process(KILLED, broker.bootstrap_servers) as other:
        # Both: kafka-python may drop an assignment, and who is told of none keeps its old offsets.
        wait(
            lambda: len(set(other.said)) == 20 and len(one.owned) == PARTITIONS // 2,
            "two partitions for each",
        )
        one.read.clear()
        other.kill()
        wait(lambda: len(one.owned) == PARTITIONS, "all partitions for who is left")
    theirs = {tuple(map(int, line.split())) for line in other.said}
    assert len(theirs) == 20
    wait(lambda: theirs <= set(one.read), "what they read, again")
