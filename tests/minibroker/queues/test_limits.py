"""Bounds of a queue and what happens over them (RabbitMQ, "Queue Length Limit"), and confirms."""

from typing import Any

from minibroker.sim.trace import DeadLettered, NotAccepted, Published, Returned
from tests.minibroker.queues.client import Client, Stand


def test_a_full_queue_drops_from_its_head() -> None:
    stand = Stand()
    stand.queue(max_length=2)
    stand.publish("1", "2", "3")
    assert stand.ends() == ["overflowed"]
    assert stand.bodies() == ["2", "3"]


def test_what_is_dropped_goes_to_the_dead_letter_exchange() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(max_length=1, dead_letter_exchange="", dead_letter_routing_key="dead")
    stand.publish("1", "2")
    assert stand.bodies("dead") == ["1"]
    [event] = stand.trace.of(DeadLettered)
    assert (event.reason, event.who) == ("maxlen", "broker")


def test_bytes_are_counted_too() -> None:
    stand = Stand()
    stand.queue(max_length_bytes=5)
    stand.publish("12", "34", "567")
    assert stand.bodies() == ["34", "567"]


def test_unacked_copies_do_not_count() -> None:
    stand = Stand()
    stand.queue(max_length=1)
    stand.publish("1")
    Client(stand).get()
    stand.publish("2")
    assert stand.ends() == []


def test_what_comes_back_to_a_full_queue_is_dropped_first() -> None:
    stand = Stand()
    stand.queue(max_length=1)
    stand.publish("1")
    client = Client(stand)
    client.get()
    stand.publish("2")
    stand.broker.nack(client.channel, 1, multiple=False, requeue=True)
    assert stand.bodies() == ["2"]


def test_a_length_of_none_hands_over_and_keeps_nothing() -> None:
    stand = Stand()
    stand.queue(max_length=0)
    stand.publish("1")
    client = Client(stand)
    client.consume()
    stand.publish("2")
    assert (client.bodies(), stand.ready()) == (["2"], 0)


def refused(stand: Stand, **queue: Any) -> list[bool]:
    """Whether each of five messages is refused."""
    stand.queue(max_length=2, overflow="reject-publish", **queue)
    return [not stand.broker.send("scenario", "", "work", b"x").accepted for _ in range(5)]


def test_a_full_classic_queue_refuses_what_is_published() -> None:
    stand = Stand()
    assert refused(stand) == [False, False, True, True, True]
    assert [event.queues for event in stand.trace.of(Published)] == [["work"]] * 2 + [[]] * 3
    assert stand.trace.of(NotAccepted)[0] == NotAccepted(
        at=0, who="scenario", queue="work", message=3
    )


def test_a_quorum_queue_goes_one_over_and_then_refuses_until_it_is_well_below() -> None:
    stand = Stand()
    assert refused(stand, queue_type="quorum") == [False, False, False, True, True]
    client = Client(stand)
    taken = []
    for _ in range(2):
        client.get(auto_ack=True)
        taken.append(stand.broker.send("scenario", "", "work", b"x").accepted)
    assert taken == [False, True]  # at 2 of 2 it still refuses; at four fifths it does not


def test_one_refusal_of_several_queues_is_a_refusal_and_the_others_have_it() -> None:
    stand = Stand()
    stand.queue("open")
    stand.queue("full", max_length=0, overflow="reject-publish")
    for name in ("open", "full"):
        stand.broker.bind(name, "amq.fanout", "")
    receipt = stand.broker.send("scenario", "amq.fanout", "", b"x")
    assert (receipt.routed, receipt.accepted) == (True, False)
    assert stand.ready("open") == 1


def test_reject_publish_dlx_passes_on_what_it_refuses() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(max_length=1, overflow="reject-publish-dlx", dead_letter_exchange="",
                dead_letter_routing_key="dead")  # fmt: skip
    stand.publish("1")
    assert not stand.broker.send("scenario", "", "work", b"2").accepted
    assert (stand.bodies(), stand.bodies("dead")) == (["1"], ["2"])
    assert [event.reason for event in stand.trace.of(DeadLettered)] == ["maxlen"]


def test_an_unroutable_message_is_confirmed() -> None:
    receipt = Stand().broker.send("scenario", "", "nowhere", b"x")
    assert (receipt.routed, receipt.accepted) == (False, True)


def test_a_mandatory_message_comes_back_when_no_queue_gets_it() -> None:
    stand = Stand()
    stand.queue()
    stand.broker.send("client#1", "", "work", b"x", mandatory=True)
    assert not stand.trace.of(Returned)
    stand.broker.send("client#1", "", "nowhere", b"x", mandatory=True)
    assert stand.trace.of(Returned) == [Returned(at=0, who="client#1", message=2, text="NO_ROUTE")]


def test_a_mandatory_message_that_is_refused_does_not_come_back() -> None:
    stand = Stand()
    stand.queue(max_length=0, overflow="reject-publish")
    stand.broker.send("client#1", "", "work", b"x", mandatory=True)
    assert not stand.trace.of(Returned)


# --- priorities (RabbitMQ, "Classic Queues Support Priorities") ----------------------------------


def test_a_higher_priority_goes_first_and_equals_in_order() -> None:
    stand = Stand()
    stand.queue(max_priority=5)
    for body, priority in (("a", 1), ("b", 3), ("c", 3), ("d", 0)):
        stand.publish(body, priority=priority)
    stand.publish("e")
    assert stand.bodies() == ["b", "c", "a", "d", "e"]


def test_no_priority_is_higher_than_the_queue_has() -> None:
    stand = Stand()
    stand.queue(max_priority=2)
    stand.publish("a", priority=2)
    stand.publish("b", priority=200)
    assert stand.bodies() == ["a", "b"]


def test_a_classic_queue_without_priorities_does_not_look_at_them() -> None:
    stand = Stand()
    stand.queue()
    stand.publish("a", priority=1)
    stand.publish("b", priority=9)
    assert stand.bodies() == ["a", "b"]


def test_what_comes_back_keeps_its_priority() -> None:
    stand = Stand()
    stand.queue(max_priority=5)
    stand.publish("low", priority=1)
    client = Client(stand)
    client.get()
    stand.publish("high", priority=5)
    stand.broker.nack(client.channel, 1, multiple=False, requeue=True)
    assert stand.bodies() == ["high", "low"]
