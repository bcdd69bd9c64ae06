"""The queue engine: who gets what, in which order, and what becomes of what is not settled."""

from collections.abc import Callable

import pytest

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Delivered, Event, Published, Requeued, Settled, Trace


class Client:
    """A channel, and what was pushed to it."""

    def __init__(self, broker: Broker, name: str = "client#1", prefetch: int = 0) -> None:
        self.broker = broker
        self.got: list[Delivery] = []
        self.channel: Channel = broker.open_channel(name, self.got.append)
        self.channel.prefetch = prefetch

    def consume(self, queue: str = "orders", tag: str = "tag", auto_ack: bool = False) -> None:
        self.broker.consume(self.channel, queue, tag, auto_ack)

    def get(self, queue: str = "orders", auto_ack: bool = False) -> Delivery | None:
        return self.broker.get(self.channel, queue, auto_ack)

    def bodies(self) -> list[bytes]:
        return [delivery.copy.message.body for delivery in self.got]

    def take(self) -> list[bytes]:
        """The bodies that were pushed since the last look."""
        bodies = self.bodies()
        self.got.clear()
        return bodies


@pytest.fixture
def trace() -> Trace:
    return Trace()


@pytest.fixture
def broker(trace: Trace) -> Broker:
    broker = Broker(Clock(now=7), trace, lambda when, action: None)
    broker.declare_queue("orders")
    return broker


def publish(broker: Broker, *bodies: bytes, exchange: str = "", key: str = "orders") -> None:
    for body in bodies:
        broker.publish("scenario", exchange, key, body)


def ready(broker: Broker, queue: str = "orders") -> int:
    return len(broker.queue(queue))


# --- routing -----------------------------------------------------------------------------------


def test_the_default_exchange_routes_to_the_queue_of_that_name(
    broker: Broker, trace: Trace
) -> None:
    broker.declare_queue("other")
    publish(broker, b"one")
    assert (ready(broker), ready(broker, "other")) == (1, 0)
    assert trace.events == [
        Published(
            at=7,
            who="scenario",
            message=1,
            exchange="",
            routing_key="orders",
            queues=["orders"],
            body=b"one",
        )
    ]


def test_a_message_that_reaches_no_queue_is_dropped_and_the_trace_says_so(
    broker: Broker, trace: Trace
) -> None:
    publish(broker, b"one", key="nowhere")
    publish(broker, b"two", exchange="amq.direct")
    assert [event.queues for event in trace.of(Published)] == [[], []]


def test_a_direct_exchange_routes_to_every_queue_bound_with_the_key(broker: Broker) -> None:
    for queue in ("a", "b", "c"):
        broker.declare_queue(queue)
    broker.declare_exchange("shop")
    broker.bind("b", "shop", "paid")
    broker.bind("a", "shop", "paid")
    broker.bind("a", "shop", "paid")
    broker.bind("c", "shop", "sent")
    publish(broker, b"one", exchange="shop", key="paid")
    assert [ready(broker, queue) for queue in "abc"] == [1, 1, 0]


def test_copies_of_a_message_in_two_queues_live_apart(broker: Broker) -> None:
    broker.declare_queue("audit")
    broker.bind("orders", "amq.direct", "k")
    broker.bind("audit", "amq.direct", "k")
    publish(broker, b"one", exchange="amq.direct", key="k")
    client = Client(broker)
    taken = client.get("orders")
    assert taken is not None
    broker.ack(client.channel, taken.tag)
    other = client.get("audit")
    assert other is not None
    assert other.redelivered is False


def test_messages_are_numbered_from_1_and_keep_what_they_came_with(broker: Broker) -> None:
    properties = {"message_id": "m"}
    message = broker.publish("scenario", "", "orders", b"one", properties)
    properties["message_id"] = "changed"
    assert (message.number, message.properties) == (1, {"message_id": "m"})
    assert broker.publish("scenario", "", "orders", b"two").number == 2


def test_a_queue_without_a_name_is_named_by_the_broker(broker: Broker) -> None:
    first, second = broker.declare_queue(""), broker.declare_queue("")
    assert first.name.startswith("amq.gen-")
    assert first.name != second.name
    assert broker.declare_queue(first.name) is first


# --- order and turns ---------------------------------------------------------------------------


def test_what_waits_is_pushed_in_order_when_somebody_subscribes(broker: Broker) -> None:
    publish(broker, b"one", b"two")
    client = Client(broker)
    client.consume()
    publish(broker, b"three")
    assert client.take() == [b"one", b"two", b"three"]


def test_delivery_tags_count_on_each_channel_from_1(broker: Broker) -> None:
    publish(broker, b"one", b"two", b"three")
    first, second = Client(broker), Client(broker)
    taken = [first.get(), second.get(), first.get()]
    assert [delivery.tag for delivery in taken if delivery] == [1, 1, 2]


def test_consumers_take_turns(broker: Broker) -> None:
    first, second = Client(broker), Client(broker)
    first.consume()
    second.consume()
    publish(broker, b"one", b"two", b"three")
    assert (first.bodies(), second.bodies()) == ([b"one", b"three"], [b"two"])


def test_a_consumer_without_room_is_passed_over(broker: Broker) -> None:
    first, second = Client(broker, prefetch=1), Client(broker)
    first.consume()
    second.consume()
    publish(broker, b"one", b"two", b"three", b"four")
    assert (first.bodies(), second.bodies()) == ([b"one"], [b"two", b"three", b"four"])


def test_no_more_than_the_prefetch_count_is_unacked(broker: Broker) -> None:
    client = Client(broker, prefetch=2)
    client.consume()
    publish(broker, b"one", b"two", b"three", b"four")
    assert client.take() == [b"one", b"two"]
    broker.ack(client.channel, 1)
    assert client.take() == [b"three"]
    broker.nack(client.channel, 2, multiple=False, requeue=False)
    assert client.take() == [b"four"]


def test_a_prefetch_count_holds_for_each_consumer_started_after_it(broker: Broker) -> None:
    client = Client(broker)
    client.consume(tag="before")
    client.channel.prefetch = 1
    client.consume(tag="after")
    publish(broker, b"1", b"2", b"3", b"4", b"5")
    assert [delivery.consumer for delivery in client.got].count("after") == 1
    assert ready(broker) == 0


def test_taking_one_by_get_is_not_bounded_by_the_prefetch_count(broker: Broker) -> None:
    publish(broker, b"one", b"two")
    client = Client(broker, prefetch=1)
    assert client.get() is not None
    assert client.get() is not None
    assert client.get() is None


def test_auto_acked_copies_are_gone_when_they_are_pushed_and_count_for_no_prefetch(
    broker: Broker, trace: Trace
) -> None:
    client = Client(broker, prefetch=1)
    client.consume(auto_ack=True)
    publish(broker, b"one", b"two")
    assert client.take() == [b"one", b"two"]
    assert [event.how for event in trace.of(Settled)] == ["auto-acked"] * 2
    broker.close(client.channel, "connection lost")
    assert ready(broker) == 0


# --- settling ----------------------------------------------------------------------------------


def test_what_is_acked_is_gone_for_good(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.get()
    broker.ack(client.channel, 1)
    broker.close(client.channel, "connection lost")
    assert ready(broker) == 0
    assert trace.of(Settled) == [
        Settled(at=7, who="client#1", queue="orders", message=1, how="acked")
    ]


def test_acking_multiple_settles_all_up_to_the_tag(broker: Broker, trace: Trace) -> None:
    publish(broker, b"1", b"2", b"3", b"4")
    client = Client(broker)
    client.consume()
    broker.ack(client.channel, 2)
    broker.ack(client.channel, 3, multiple=True)
    assert [event.message for event in trace.of(Settled)] == [2, 1, 3]
    assert list(client.channel.unacked) == [4]


def test_acking_multiple_with_tag_0_settles_all(broker: Broker) -> None:
    publish(broker, b"1", b"2")
    client = Client(broker)
    client.consume()
    broker.ack(client.channel, 0, multiple=True)
    assert client.channel.unacked == {}
    broker.ack(client.channel, 0, multiple=True)


def test_a_nacked_copy_goes_back_to_its_place_marked_as_redelivered(broker: Broker) -> None:
    publish(broker, b"one", b"two", b"three")
    client = Client(broker)
    client.get()
    client.get()
    broker.nack(client.channel, 2, multiple=False, requeue=True)
    broker.nack(client.channel, 1, multiple=False, requeue=True)
    again = [client.get(), client.get(), client.get()]
    assert [(d.copy.message.body, d.redelivered) for d in again if d] == [
        (b"one", True),
        (b"two", True),
        (b"three", False),
    ]


def test_a_nacked_copy_goes_to_whoever_has_the_turn(broker: Broker) -> None:
    first, second = Client(broker, prefetch=1), Client(broker, prefetch=1)
    first.consume()
    second.consume()
    publish(broker, b"one")
    broker.nack(first.channel, 1, multiple=False, requeue=True)
    assert second.bodies() == [b"one"]


def test_a_copy_nacked_without_requeue_is_dropped(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.get()
    broker.nack(client.channel, 1, multiple=False, requeue=False)
    assert ready(broker) == 0
    assert [event.how for event in trace.of(Settled)] == ["dropped"]


def test_a_closed_channel_gives_back_what_it_had_in_order(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one", b"two", b"three")
    client = Client(broker)
    client.consume()
    broker.ack(client.channel, 2)
    broker.close(client.channel, "connection lost")
    assert [(event.message, event.why) for event in trace.of(Requeued)] == [
        (1, "connection lost"),
        (3, "connection lost"),
    ]
    heir = Client(broker)
    heir.consume()
    assert heir.bodies() == [b"one", b"three"]
    assert all(delivery.redelivered for delivery in heir.got)


def test_a_closed_channel_is_pushed_nothing_more_and_closing_it_again_does_nothing(
    broker: Broker, trace: Trace
) -> None:
    client = Client(broker)
    client.consume()
    broker.close(client.channel, "channel closed")
    publish(broker, b"one")
    assert client.got == []
    before = len(trace)
    broker.close(client.channel, "channel closed")
    assert len(trace) == before


def test_attempts_are_counted_over_consumers(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one")
    for _ in range(3):
        client = Client(broker)
        client.get()
        broker.close(client.channel, "connection lost")
    assert [(event.attempt, event.redelivered) for event in trace.of(Delivered)] == [
        (1, False),
        (2, True),
        (3, True),
    ]


def test_a_cancelled_consumer_keeps_what_it_was_handed_and_gets_no_more(broker: Broker) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.consume()
    broker.cancel(client.channel, "tag")
    publish(broker, b"two")
    assert client.take() == [b"one"]
    broker.ack(client.channel, 1)
    assert ready(broker) == 1
    broker.cancel(client.channel, "tag")


def test_a_purge_drops_what_is_ready_and_nothing_else(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one", b"two", b"three")
    client = Client(broker)
    client.get()
    assert broker.purge("client#1", "orders") == 2
    assert [(event.message, event.how) for event in trace.of(Settled)] == [
        (2, "purged"),
        (3, "purged"),
    ]
    broker.close(client.channel, "connection lost")
    assert ready(broker) == 1


# --- refusals ----------------------------------------------------------------------------------

Mistake = Callable[[Broker, Client], object]

MISTAKES: dict[str, tuple[Mistake, int, str]] = {
    "acking a tag that was never given": (
        lambda broker, client: broker.ack(client.channel, 9),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
    ),
    "acking tag 0": (
        lambda broker, client: broker.ack(client.channel, 0),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 0",
    ),
    "acking all up to a tag that was never given": (
        lambda broker, client: broker.ack(client.channel, 9, multiple=True),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
    ),
    "nacking a tag that was never given": (
        lambda broker, client: broker.nack(client.channel, 9, multiple=False, requeue=True),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
    ),
    "consuming from no queue": (
        lambda broker, client: client.consume("none"),
        404,
        "NOT_FOUND - no queue 'none' in vhost '/'",
    ),
    "getting from no queue": (
        lambda broker, client: client.get("none"),
        404,
        "NOT_FOUND - no queue 'none' in vhost '/'",
    ),
    "purging no queue": (
        lambda broker, client: broker.purge("client#1", "none"),
        404,
        "NOT_FOUND - no queue 'none' in vhost '/'",
    ),
    "looking for no queue": (
        lambda broker, client: broker.declare_queue("none", passive=True),
        404,
        "NOT_FOUND - no queue 'none' in vhost '/'",
    ),
    "binding no queue": (
        lambda broker, client: broker.bind("none", "amq.direct", "k"),
        404,
        "NOT_FOUND - no queue 'none' in vhost '/'",
    ),
    "binding to no exchange": (
        lambda broker, client: broker.bind("orders", "none", "k"),
        404,
        "NOT_FOUND - no exchange 'none' in vhost '/'",
    ),
    "publishing to no exchange": (
        lambda broker, client: broker.publish("client#1", "none", "k", b""),
        404,
        "NOT_FOUND - no exchange 'none' in vhost '/'",
    ),
    "looking for no exchange": (
        lambda broker, client: broker.declare_exchange("none", passive=True),
        404,
        "NOT_FOUND - no exchange 'none' in vhost '/'",
    ),
    "declaring a queue as another": (
        lambda broker, client: broker.declare_queue("orders", durable=False),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'orders' in vhost '/': "
        "received 'false' but current is 'true'",
    ),
    "declaring an exchange as another": (
        lambda broker, client: broker.declare_exchange("amq.direct", durable=False),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'amq.direct' in vhost '/': "
        "received 'false' but current is 'true'",
    ),
    "taking a reserved queue name": (
        lambda broker, client: broker.declare_queue("amq.mine"),
        403,
        "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    "taking a reserved exchange name": (
        lambda broker, client: broker.declare_exchange("amq.mine"),
        403,
        "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    "binding to the default exchange": (
        lambda broker, client: broker.bind("orders", "", "k"),
        403,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
    ),
    "declaring the default exchange": (
        lambda broker, client: broker.declare_exchange(""),
        403,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
    ),
    "looking for the default exchange": (
        lambda broker, client: broker.declare_exchange("", passive=True),
        403,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
    ),
    "using a consumer tag twice": (
        lambda broker, client: (client.consume(tag="mine"), client.consume(tag="mine")),
        530,
        "NOT_ALLOWED - attempt to reuse consumer tag 'mine'",
    ),
}


@pytest.mark.parametrize(("mistake", "code", "text"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_rabbitmq_s_code_and_text(
    broker: Broker, mistake: Mistake, code: int, text: str
) -> None:
    with pytest.raises(ChannelError) as refused:
        mistake(broker, Client(broker))
    assert (refused.value.code, refused.value.text) == (code, text)


def test_acking_twice_is_a_mistake(broker: Broker) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.get()
    broker.ack(client.channel, 1)
    with pytest.raises(ChannelError, match="unknown delivery tag 1"):
        broker.ack(client.channel, 1)


def test_a_tag_of_another_channel_is_a_mistake(broker: Broker) -> None:
    publish(broker, b"one", b"two")
    first, second = Client(broker), Client(broker)
    first.get()
    first.get()
    with pytest.raises(ChannelError, match="unknown delivery tag 2"):
        broker.ack(second.channel, 2)


def test_a_refused_ack_settles_nothing(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.get()
    with pytest.raises(ChannelError):
        broker.ack(client.channel, 9, multiple=True)
    assert list(client.channel.unacked) == [1]
    assert trace.of(Settled) == []


def test_what_exists_may_be_declared_again_and_looked_for(broker: Broker) -> None:
    assert broker.declare_queue("orders", durable=True) is broker.queue("orders")
    assert broker.declare_queue("orders", durable=False, passive=True) is broker.queue("orders")
    broker.declare_exchange("shop", durable=True)
    broker.declare_exchange("shop", durable=True)
    broker.declare_exchange("shop", durable=False, passive=True)
    broker.declare_exchange("amq.direct", durable=True)


def test_events_bear_the_time_of_the_clock(broker: Broker, trace: Trace) -> None:
    publish(broker, b"one")
    client = Client(broker)
    client.get()
    broker.nack(client.channel, 1, multiple=False, requeue=True)
    events: list[Event] = list(trace)
    assert [event.at for event in events] == [7] * 3
