"""A cluster of nodes: where queues live, and what a client sees while some nodes are down.

What clients are told and what is lost was seen on a cluster of RabbitMQ 4.0.5 with Khepri; where
queues are put is read from its source.
"""

from typing import Any

import pytest

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Delivery
from minibroker.queues.cluster import when_taken
from minibroker.queues.errors import ChannelError, InternalError, NotFound
from minibroker.queues.publishing import Receipt
from minibroker.sim.trace import DeadLettered, Requeued, Settled, Trace
from tests.minibroker.queues.due import Due

QUORUM = {"x-queue-type": "quorum"}


class Stand:
    """A cluster, and its timers."""

    def __init__(self, nodes: int = 3) -> None:
        self.trace = Trace()
        self.due = Due()
        self.broker = Broker(self.due.clock, self.trace, self.due.at, nodes=nodes)
        self.stop, self.start = self.broker.cluster.stop, self.broker.cluster.start

    def queue(self, name: str = "work", node: int = 1, **arguments: Any) -> None:
        given = {"x-" + key.replace("_", "-"): value for key, value in arguments.items()}
        self.broker.declare_queue(name, arguments=QUORUM | given, node=node)

    def classic(self, name: str = "old", node: int = 1, **declared: Any) -> None:
        self.broker.declare_queue(name, node=node, **declared)

    def where(self, name: str = "work") -> tuple[Any, Any]:
        """Leader and members."""
        found = self.broker.where(self.broker.queue(name))
        return found["leader"], found["members"]

    def ready(self, name: str = "work") -> int:
        return len(self.broker.queue(name))

    def ends(self) -> list[str]:
        return [event.how for event in self.trace.of(Settled)]


class Client:
    """A channel of its own connection to a node."""

    def __init__(self, stand: Stand, node: int = 1, prefetch: int = 0) -> None:
        self.broker = stand.broker
        self.got: list[Delivery] = []
        self.cancelled: list[str] = []
        self.confirmed: list[str] = []
        self.channel = self.broker.open_channel(
            "client#1", self.got.append, self.cancelled.append, self, node
        )
        self.channel.prefetch = prefetch

    def publish(self, *bodies: str, to: str = "work", persistent: bool = True) -> Receipt:
        for body in bodies:
            receipt = self.broker.send(
                "client#1", "", to, body.encode(), {"delivery_mode": 2 if persistent else 1},
                channel=self.channel,
            )  # fmt: skip
            if receipt.pending is not None:
                receipt.pending.then = lambda body=body: self.confirmed.append(body)  # type: ignore[misc]
            elif receipt.accepted:
                self.confirmed.append(body)
        return receipt

    def consume(self, queue: str = "work") -> None:
        self.broker.consume(self.channel, queue, "tag", auto_ack=False)

    def take(self, queue: str = "work") -> Delivery:
        delivery = self.broker.get(self.channel, queue, auto_ack=False)
        assert delivery is not None
        return delivery

    def bodies(self) -> list[str]:
        return [delivery.copy.message.body.decode() for delivery in self.got]

    def close(self) -> None:
        self.broker.disconnect([self], [self.channel], "connection lost")


def refusal(act: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ChannelError) as refused:
        act(*args, **kwargs)
    return f"{refused.value.code} {refused.value.text}"


# --- where they live -----------------------------------------------------------------------------


def test_one_node_is_no_cluster() -> None:
    broker = Broker(Due().clock, Trace(), lambda when, action: None)
    with pytest.raises(ValueError, match="one node only"):
        broker.cluster.stop(1)
    assert broker.where(broker.declare_queue("q")) == {}


@pytest.mark.parametrize("node", [0, 4])
def test_there_is_no_other_node(node: int) -> None:
    with pytest.raises(ValueError, match=rf"there is no node {node}; there are \[1, 2, 3\]"):
        Stand().stop(node)
    with pytest.raises(ValueError, match="there is no node"):
        Stand().start(node)


def test_a_queue_is_led_where_its_client_is() -> None:
    stand = Stand()
    stand.queue(node=2)
    stand.classic(node=3)
    assert stand.where() == (2, [1, 2, 3])
    assert stand.where("old") == (3, [3])


def test_of_many_nodes_those_with_fewest_members_get_the_next_one() -> None:
    stand = Stand(5)
    stand.queue("a", node=1)
    stand.queue("b", node=1)
    assert [stand.where(name)[1] for name in "ab"] == [[1, 2, 3], [1, 4, 5]]


def test_a_node_that_is_down_gets_a_member_only_when_there_are_too_few_others() -> None:
    stand = Stand(5)
    stand.stop(2)
    stand.queue("a")
    stand.queue("b", quorum_initial_group_size=5)
    assert [stand.where(name)[1] for name in "ab"] == [[1, 3, 4], [1, 2, 3, 4, 5]]


def test_a_balanced_queue_is_led_where_fewest_are() -> None:
    stand = Stand()
    for name in "abcd":
        stand.queue(name, queue_leader_locator="balanced")
    assert [stand.where(name)[0] for name in "abcd"] == [1, 2, 3, 1]
    stand.broker.declare_queue("old", arguments={"x-queue-leader-locator": "balanced"}, node=2)
    assert stand.where("old") == (1, [1])


# --- quorum queues -------------------------------------------------------------------------------


def test_another_member_leads_when_the_leaders_node_stops() -> None:
    stand = Stand()
    stand.queue(node=2)
    publisher, consumer = Client(stand, 1), Client(stand, 3)
    consumer.consume()
    publisher.publish("1")
    stand.stop(2)
    publisher.publish("2")
    assert publisher.confirmed == consumer.bodies() == ["1", "2"]
    assert stand.where()[0] == 1
    stand.start(2)
    assert stand.where()[0] == 1, "it does not go back by itself"


def test_what_the_clients_of_a_stopped_node_held_comes_back_as_a_failure() -> None:
    stand = Stand()
    stand.queue(node=2)
    Client(stand).publish("1", "2")
    there, here = Client(stand, 2, prefetch=1), Client(stand, 1, prefetch=1)
    there.consume()
    here.consume()
    stand.stop(2)
    stand.broker.ack(here.channel, 1)
    [_, again] = here.got
    assert (again.copy.message.body, again.redelivered, again.copy.failures) == (b"1", True, 1)
    assert here.cancelled == []
    assert not there.channel.open


def test_what_the_clients_of_other_nodes_hold_stays_theirs() -> None:
    stand = Stand()
    stand.queue(node=2)
    client = Client(stand)
    client.publish("1")
    delivery = client.take()
    stand.stop(2)
    stand.stop(3)
    stand.start(2)
    assert stand.ready() == 0
    stand.broker.ack(client.channel, delivery.tag)
    assert stand.ends() == ["acked"]


def test_without_a_majority_nothing_is_confirmed_or_delivered_until_it_is_back() -> None:
    stand = Stand()
    stand.queue()
    publisher, consumer = Client(stand), Client(stand, prefetch=1)
    consumer.consume()
    publisher.publish("1")
    stand.stop(2)
    stand.stop(3)
    stand.broker.ack(consumer.channel, 1)
    publisher.publish("2", "3")
    assert publisher.confirmed == consumer.bodies() == ["1"]
    assert stand.ends() == []
    stand.start(3)
    assert publisher.confirmed == ["1", "2", "3"]
    assert consumer.bodies() == ["1", "2"]
    assert stand.ends() == ["acked"]
    assert stand.ready() == 1


def test_what_a_client_is_told_without_a_majority() -> None:
    stand = Stand(7)
    stand.queue()
    client = Client(stand)
    client.consume()
    broker, channel = stand.broker, client.channel
    stand.stop(2)
    stand.stop(3)
    timeout = "{timeout,{'%2F_work',rabbit@1}}"
    cannot_get = (
        "541 INTERNAL_ERROR - Cannot get a message from queue 'queue 'work' in vhost '/'': "
    )
    assert refusal(broker.get, channel, "work", False) == cannot_get + timeout
    assert refusal(broker.consume, channel, "work", "t", False) == "541 INTERNAL_ERROR"
    assert refusal(broker.purge, "client#1", "work") == "541 INTERNAL_ERROR"
    assert refusal(broker.cancel, channel, "tag") == "541 INTERNAL_ERROR"
    assert broker.declare_queue("work", passive=True).halted
    assert broker.declare_queue("work", arguments=QUORUM).halted
    assert broker.bind("work", "amq.direct", "key")
    stand.stop(1)
    other = Client(stand, 4)
    assert refusal(broker.get, other.channel, "work", False).endswith(": noproc")
    assert broker.delete_queue("client#1", "work") == 0


def test_without_a_majority_of_all_nodes_nothing_can_be_declared_or_deleted() -> None:
    stand = Stand()
    stand.queue()
    broker = stand.broker
    broker.declare_exchange("x")
    stand.stop(1)
    stand.stop(2)
    store = "in vhost '/' on node 'rabbit@3' because the metadata store operation timed out"
    arguments = QUORUM
    for act, text in (
        (lambda: broker.declare_queue("q", arguments=arguments, node=3),
         f"Could not declare quorum queue 'q' {store}"),
        (lambda: broker.declare_queue("c", node=3), f"Could not declare queue 'c' {store}"),
        (lambda: broker.delete_queue("client#1", "work"),
         "The operation to delete the queue from the metadata store timed out"),
        (lambda: broker.bind("work", "x", "key"), "Could not add binding due to timeout"),
        (lambda: broker.unbind(("queue", "work"), "x", "key"),
         "Could not remove binding due to timeout"),
        (lambda: broker.declare_exchange("y"),
         "failed to declare exchange 'y' in vhost '/' because the operation timed out"),
        (lambda: broker.delete_exchange("x"),
         "failed to delete exchange 'x' in vhost '/' due to a timeout"),
    ):  # fmt: skip
        assert refusal(act) == f"541 INTERNAL_ERROR - {text}"
    assert not broker.declare_exchange("x"), "what is there is there"
    stand.start(1)
    assert broker.bind("work", "x", "key")


def test_a_quorum_queue_needs_a_majority_of_its_own_to_begin() -> None:
    stand = Stand(5)
    stand.stop(4)
    stand.stop(5)
    stand.queue("a", quorum_initial_group_size=5)
    stand.stop(3)
    with pytest.raises(InternalError):
        stand.queue("b")


# --- whose channel ends meanwhile ----------------------------------------------------------------


def test_what_a_leader_has_in_its_log_outlives_its_publisher_and_its_consumer() -> None:
    stand = Stand()
    stand.queue()
    client, consumer = Client(stand), Client(stand, prefetch=2)
    client.publish("1", "2")
    consumer.consume()
    stand.stop(2)
    stand.stop(3)
    client.publish("3")
    stand.broker.ack(consumer.channel, 1)
    client.close()
    consumer.close()
    stand.start(2)
    found = [Client(stand).take() for _ in range(2)]
    assert [(each.copy.message.body, each.copy.failures) for each in found] == [
        (b"2", 1),
        (b"3", 0),
    ]


def test_what_no_leader_has_ends_with_its_channel() -> None:
    stand = Stand(4)
    stand.queue(node=2)
    client, consumer = Client(stand, 4), Client(stand, 4, prefetch=2)
    client.publish("1", "2")
    consumer.consume()
    stand.stop(3)
    stand.stop(2)
    client.publish("3")
    stand.broker.ack(consumer.channel, 1)
    client.close()
    consumer.close()
    stand.start(2)
    found = [Client(stand).take() for _ in range(2)]
    assert [(each.copy.message.body, each.copy.failures) for each in found] == [
        (b"1", 1),
        (b"2", 1),
    ]
    assert stand.ends() == ["uncommitted"]


def test_a_leader_that_stops_takes_along_what_only_it_had() -> None:
    stand = Stand()
    stand.queue()
    client = Client(stand)
    client.publish("1")
    stand.stop(2)
    stand.stop(3)
    client.publish("2")
    stand.stop(1)
    for node in (1, 2, 3):
        stand.start(node)
    assert stand.ends() == ["uncommitted"]
    assert stand.ready() == 1


def test_deleting_a_queue_ends_the_wait_for_it() -> None:
    stand = Stand(5)
    stand.queue()
    client = Client(stand, 4)
    client.publish("1")
    stand.stop(2)
    stand.stop(3)
    client.publish("2")
    assert stand.broker.delete_queue("client#1", "work") == 0
    assert client.confirmed == ["1", "2"]
    assert stand.ends() == ["deleted", "deleted"]


def test_a_message_for_several_queues_is_confirmed_when_the_last_one_has_it() -> None:
    stand = Stand(5)
    for name, size in (("a", 1), ("b", 3), ("c", 5)):
        stand.queue(name, quorum_initial_group_size=size)
        stand.broker.bind(name, "amq.fanout", "")
    client = Client(stand)
    for node in (2, 3, 4, 5):
        stand.stop(node)
    receipt = stand.broker.send("client#1", "amq.fanout", "", b"x", channel=client.channel)
    assert receipt.pending is not None
    done: list[str] = []
    when_taken([receipt.pending], lambda: done.append("all"))
    assert [stand.ready(name) for name in "abc"] == [1, 0, 0]
    stand.start(2)
    assert ([stand.ready(name) for name in "abc"], done) == ([1, 1, 0], [])
    stand.start(5)
    assert ([stand.ready(name) for name in "abc"], done) == ([1, 1, 1], ["all"])
    when_taken([], lambda: done.append("none"))
    assert done == ["all", "none"]


# --- time, and dead letters ----------------------------------------------------------------------


def test_times_to_live_go_on_and_are_looked_at_when_it_is_back() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    Client(stand).publish("1")
    stand.stop(2)
    stand.stop(3)
    stand.due.passes(5)
    assert stand.ends() == []
    stand.start(2)
    assert stand.ends() == ["expired"]


def test_an_unused_queue_is_deleted_when_it_is_back() -> None:
    stand = Stand()
    stand.queue(expires=1000)
    stand.stop(2)
    stand.stop(3)
    stand.due.passes(5)
    assert stand.broker.has_queue("work")
    stand.start(2)
    stand.due.passes(0.1)
    assert not stand.broker.has_queue("work")


@pytest.mark.parametrize("strategy", ["at-most-once", "at-least-once"])
def test_a_dead_letter_waits_for_a_queue_without_a_majority(strategy: str) -> None:
    stand = Stand(5)
    stand.queue("parked", node=1)
    stand.queue("work", node=1, quorum_initial_group_size=5, dead_letter_exchange="",
                dead_letter_routing_key="parked", overflow="reject-publish",
                dead_letter_strategy=strategy)  # fmt: skip
    client = Client(stand, 4)
    client.publish("1")
    stand.stop(2)
    stand.stop(3)
    stand.broker.reject(client.channel, client.take().tag, requeue=False)
    assert (stand.ready("work"), stand.ready("parked")) == (0, 0)
    sent = len(stand.trace.of(DeadLettered))
    assert sent == (strategy == "at-most-once"), "its queue has it until the other has"
    stand.start(2)
    assert stand.ready("parked") == 1


def test_a_queue_without_a_majority_passes_no_dead_letter_on() -> None:
    stand = Stand(5)
    stand.queue("work", dead_letter_exchange="", dead_letter_routing_key="parked",
                overflow="reject-publish", dead_letter_strategy="at-least-once")  # fmt: skip
    client = Client(stand)
    client.publish("1")
    stand.broker.reject(client.channel, client.take().tag, requeue=False)
    stand.stop(2)
    stand.stop(3)
    stand.queue("parked", node=4)
    assert stand.ready("parked") == 0
    stand.start(2)
    assert stand.ready("parked") == 1


# --- classic queues ------------------------------------------------------------------------------

STOPPED = "404 NOT_FOUND - queue 'old' in vhost '/' process is stopped by supervisor"


def test_a_classic_queue_cannot_be_used_while_its_node_is_down() -> None:
    stand = Stand()
    stand.classic(node=2)
    client = Client(stand)
    broker = stand.broker
    stand.stop(2)
    for act in (
        lambda: broker.declare_queue("old", passive=True),
        lambda: broker.declare_queue("old"),
        lambda: broker.get(client.channel, "old", False),
        lambda: broker.consume(client.channel, "old", "t", False),
        lambda: broker.purge("client#1", "old"),
    ):
        assert refusal(act) == STOPPED
    assert broker.bind("old", "amq.direct", "key")
    receipt = client.publish("late", to="old")
    assert (receipt.routed, receipt.accepted, receipt.pending) == (True, False, None)


def test_its_consumers_on_other_nodes_are_cancelled_and_hold_nothing_any_more() -> None:
    stand = Stand()
    stand.classic(node=2)
    client = Client(stand, prefetch=1)
    client.publish("1", "2", to="old")
    client.consume("old")
    stand.stop(2)
    assert client.cancelled == ["tag"]
    stand.broker.ack(client.channel, 1)  # it cannot know
    assert stand.ends() == []
    assert [event.why for event in stand.trace.of(Requeued)] == ["node stopped"]
    stand.start(2)
    found = [Client(stand).take("old") for _ in range(2)]
    assert [(each.copy.message.body, each.redelivered) for each in found] == [
        (b"1", True),
        (b"2", False),
    ]


def test_what_was_taken_back_comes_back_once_when_its_channel_ends() -> None:
    stand = Stand()
    stand.classic(node=2)
    client = Client(stand)
    client.publish("1", to="old")
    client.take("old")
    stand.stop(2)
    client.close()
    stand.start(2)
    assert stand.ready("old") == 1


def test_what_is_not_persistent_goes_with_its_node() -> None:
    stand = Stand()
    stand.classic(node=2)
    Client(stand).publish("kept", to="old")
    Client(stand).publish("gone", to="old", persistent=False)
    stand.stop(2)
    assert stand.ends() == ["transient"]
    stand.start(2)
    assert Client(stand).take("old").copy.message.body == b"kept"
    assert stand.ready("old") == 0


def test_a_queue_that_is_not_durable_is_gone_when_its_node_is_back() -> None:
    stand = Stand()
    stand.classic(node=2, durable=False)
    stand.stop(2)
    assert refusal(stand.broker.declare_queue, "old", passive=True) == STOPPED
    stand.start(2)
    with pytest.raises(NotFound, match="no queue 'old'"):
        stand.broker.queue("old")


def test_a_stopped_classic_queue_can_be_deleted_and_nobody_counts_what_was_in_it() -> None:
    stand = Stand()
    stand.classic(node=2)
    Client(stand).publish("1", to="old")
    stand.stop(2)
    assert stand.broker.delete_queue("client#1", "old") == 0
    stand.start(2)
    assert not stand.broker.has_queue("old")


def test_an_exclusive_queue_goes_with_the_connections_of_its_node() -> None:
    stand = Stand()
    client = Client(stand, 2)
    stand.classic("mine", node=2, exclusive=True, connection=client)
    stand.stop(2)
    assert not stand.broker.has_queue("mine")


def test_a_full_queue_is_bounded_again_after_its_node_was_down() -> None:
    stand = Stand()
    stand.broker.declare_queue("old", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    stand.stop(1)
    stand.start(1)
    client = Client(stand)
    assert [client.publish("x", to="old").accepted for _ in range(2)] == [True, False]
    stand.classic("free")
    stand.stop(1)
    stand.start(1)
    assert client.publish("x", "x", to="free").accepted


def test_stopping_twice_and_starting_twice_is_the_same_as_once() -> None:
    stand = Stand()
    stand.queue()
    stand.start(1)
    stand.stop(1)
    stand.stop(1)
    stand.start(1)
    stand.start(1)
    assert len(stand.trace.events) == 2
