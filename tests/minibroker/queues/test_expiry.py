"""Time to live, of messages and of queues (RabbitMQ, "Time-To-Live and Expiration")."""

import pytest

from minibroker.queues.errors import PreconditionFailed
from minibroker.sim.trace import Settled
from tests.minibroker.queues.client import Client, Stand


def test_a_message_expires_when_the_time_of_its_queue_is_over() -> None:
    stand = Stand()
    stand.queue(message_ttl=1500)
    stand.publish("one")
    stand.due.passes(1.4)
    assert stand.ready() == 1
    stand.due.passes(0.1)
    assert stand.trace.of(Settled) == [
        Settled(at=1_500_000, who="broker", queue="work", message=1, how="expired")
    ]


@pytest.mark.parametrize(("own", "seconds"), [("1000", 1), ("9000", 5)])
def test_the_smaller_time_to_live_counts(own: str, seconds: int) -> None:
    stand = Stand()
    stand.queue(message_ttl=5000)
    stand.publish("one", expiration=own)
    stand.due.passes(30)
    assert [event.at for event in stand.trace.of(Settled)] == [seconds * 1_000_000]


def test_a_message_expires_only_at_the_head() -> None:
    stand = Stand()
    stand.queue()
    stand.publish("long", expiration="10000")
    stand.publish("short", expiration="1000")
    stand.due.passes(9)
    assert stand.ready() == 2
    stand.due.passes(1)
    assert [(event.message, event.at) for event in stand.trace.of(Settled)] == [
        (1, 10_000_000),
        (2, 10_000_000),
    ]


def test_one_whose_time_is_over_is_not_handed_out_when_it_comes_to_the_head() -> None:
    stand = Stand()
    stand.queue()
    stand.publish("for ever")
    stand.publish("short", expiration="1000")
    stand.due.passes(2)
    client = Client(stand)
    assert client.take().copy.message.body == b"for ever"
    assert stand.ends() == ["expired"]
    assert client.get() is None


def test_nor_is_it_pushed() -> None:
    stand = Stand()
    stand.queue()
    stand.publish("for ever")
    stand.publish("short", expiration="1000")
    stand.due.passes(2)
    client = Client(stand)
    client.consume()
    assert (client.bodies(), stand.ends()) == (["for ever"], ["expired"])


def test_what_is_unacked_does_not_expire() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.publish("one")
    client = Client(stand)
    client.get()
    stand.due.passes(5)
    assert stand.trace.of(Settled) == []


def test_what_comes_back_after_its_time_expires_at_once() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.publish("one")
    client = Client(stand)
    client.consume()
    stand.due.passes(5)
    stand.broker.nack(client.channel, 1, multiple=False, requeue=True)
    assert stand.ends() == ["expired"]
    assert len(client.got) == 1


def test_no_time_at_all_means_now_or_never() -> None:
    stand = Stand()
    stand.queue(message_ttl=0)
    stand.publish("one")
    assert stand.ends() == ["expired"]
    client = Client(stand)
    client.consume()
    stand.publish("two")
    assert client.bodies() == ["two"]


def test_a_quorum_queue_keeps_even_those_for_a_millisecond() -> None:
    stand = Stand()
    stand.queue(queue_type="quorum", message_ttl=0)
    stand.publish("one")
    stand.due.passes(1)
    assert [event.at for event in stand.trace.of(Settled)] == [1000]


def test_no_timer_is_set_for_what_cannot_expire() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.queue("plain")
    assert stand.due.pending == []
    stand.publish("one", to="plain")
    client = Client(stand)
    client.consume(auto_ack=True)
    stand.publish("two")
    assert stand.due.pending == []


def test_a_timer_whose_copy_is_gone_does_nothing() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.publish("one")
    Client(stand).get(auto_ack=True)
    stand.due.passes(0.5)
    stand.publish("two")
    before = len(stand.trace)
    stand.due.passes(0.5)
    assert len(stand.trace) == before
    stand.due.passes(0.5)
    assert stand.ends() == ["auto-acked", "expired"]


def test_one_timer_serves_a_queue() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.publish(*"1234567890")
    assert len(stand.due.pending) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "no_integer"),
        ("", "no_integer"),
        ("5s", '{leftover_string,"s"}'),
        ("-1", "{value_negative,-1}"),
        ("315360000001", "{value_too_large,315360000001}"),
        ("+-5", "no_integer"),
        (5, "no_integer"),
    ],
)
def test_an_expiration_must_be_a_number_of_milliseconds_as_text(text: object, why: str) -> None:
    stand = Stand()
    stand.queue()
    with pytest.raises(PreconditionFailed) as refused:
        stand.publish("one", expiration=text)
    assert refused.value.text == f"PRECONDITION_FAILED - invalid expiration '{text}': {why}"


# --- queues ------------------------------------------------------------------------------------


def test_an_unused_queue_is_deleted_with_what_is_in_it() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(expires=5000, dead_letter_exchange="", dead_letter_routing_key="dead")
    stand.publish("one")
    stand.due.passes(4.9)
    assert stand.broker.has_queue("work")
    stand.due.passes(0.1)
    assert not stand.broker.has_queue("work")
    assert stand.ends() == ["deleted"]


def test_publishing_is_no_use() -> None:
    stand = Stand()
    stand.queue(expires=5000)
    stand.due.passes(4)
    stand.publish("one")
    stand.due.passes(1)
    assert not stand.broker.has_queue("work")


@pytest.mark.parametrize("how", ["declare", "get"])
def test_declaring_and_getting_are_uses(how: str) -> None:
    stand = Stand()
    stand.queue(expires=5000)
    stand.due.passes(4)
    if how == "declare":
        stand.queue(expires=5000)
    else:
        Client(stand).get()
    stand.due.passes(4)
    assert stand.broker.has_queue("work")
    stand.due.passes(1)
    assert not stand.broker.has_queue("work")


def test_a_queue_does_not_expire_while_somebody_subscribes() -> None:
    stand = Stand()
    stand.queue(expires=5000)
    client = Client(stand)
    client.consume()
    stand.due.passes(20)
    assert stand.broker.has_queue("work")
    stand.broker.cancel(client.channel, "tag")
    stand.due.passes(4)
    assert stand.broker.has_queue("work")
    stand.due.passes(1)
    assert not stand.broker.has_queue("work")
