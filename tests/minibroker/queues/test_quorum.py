"""Quorum queues: what they count, and in which order they hand out (RabbitMQ 4.3, "Quorum
Queues")."""

from typing import Any

import pytest

from minibroker.queues.errors import PreconditionFailed
from minibroker.sim.trace import DeadLettered, Requeued, Settled
from tests.minibroker.queues.client import Client, Stand


def quorum(**arguments: Any) -> Stand:
    stand = Stand()
    stand.queue(queue_type="quorum", **arguments)
    return stand


def counts(client: Client) -> tuple[Any, Any]:
    """(x-acquired-count, x-delivery-count) of the next message, which is taken."""
    headers: Any = client.take().copy.properties().get("headers", {})
    return headers.get("x-acquired-count"), headers.get("x-delivery-count")


def test_the_first_delivery_has_no_counts() -> None:
    stand = quorum()
    stand.publish("one")
    delivery = Client(stand).take()
    assert "headers" not in delivery.copy.properties()
    assert delivery.redelivered is False


def test_a_nack_is_counted_as_taken_but_not_as_a_failure() -> None:
    stand = quorum()
    stand.publish("one")
    client = Client(stand)
    for number in range(1, 4):
        client.get()
        stand.broker.nack(client.channel, number, multiple=False, requeue=True)
    assert counts(client) == (3, None)


def test_a_reject_is_a_failure() -> None:
    stand = quorum()
    stand.publish("one")
    client = Client(stand)
    client.get()
    stand.broker.reject(client.channel, 1, requeue=True)
    assert counts(client) == (1, 1)


def test_a_lost_connection_is_a_failure() -> None:
    stand = quorum()
    stand.publish("one")
    client = Client(stand)
    client.get()
    client.lose()
    assert counts(Client(stand)) == (1, 1)


def test_a_classic_queue_counts_nothing() -> None:
    stand = Stand()
    stand.queue()
    stand.publish("one")
    client = Client(stand)
    client.get()
    stand.broker.reject(client.channel, 1, requeue=True)
    assert counts(client) == (None, None)


def test_counts_do_not_stay_in_the_message() -> None:
    stand = quorum(dead_letter_exchange="", dead_letter_routing_key="dead")
    stand.queue("dead")
    stand.publish("one", headers={"mine": 1})
    client = Client(stand)
    client.get()
    stand.broker.reject(client.channel, 1, requeue=True)
    client.drop()
    headers: Any = client.take("dead").copy.properties()["headers"]
    assert headers["mine"] == 1
    assert "x-delivery-count" not in headers


# --- the delivery limit ("Poison Message Handling") ----------------------------------------------


def fails(stand: Stand, times: int) -> None:
    client = Client(stand)
    for _ in range(times):
        stand.broker.reject(client.channel, client.take().tag, requeue=True)


def test_the_limit_is_twenty_failures() -> None:
    stand = quorum()
    stand.publish("one")
    fails(stand, 20)
    assert (stand.ready(), stand.ends()) == (1, [])
    fails(stand, 1)
    assert stand.trace.of(Settled) == [
        Settled(at=0, who="broker", queue="work", message=1, how="undeliverable")
    ]
    assert len(stand.trace.of(Requeued)) == 20


def test_over_the_limit_a_message_is_dead_lettered() -> None:
    stand = quorum(delivery_limit=1, dead_letter_exchange="", dead_letter_routing_key="dead")
    stand.queue("dead")
    stand.publish("one")
    fails(stand, 2)
    [event] = stand.trace.of(DeadLettered)
    assert (event.reason, event.who, event.queues) == ("delivery_limit", "broker", ["dead"])


def test_a_limit_of_none_allows_one_delivery() -> None:
    stand = quorum(delivery_limit=0)
    stand.publish("one")
    fails(stand, 1)
    assert stand.ends() == ["undeliverable"]


def test_a_negative_limit_is_none() -> None:
    stand = quorum(delivery_limit=-1)
    stand.publish("one")
    fails(stand, 100)
    assert stand.ready() == 1


def test_nacks_never_reach_the_limit() -> None:
    stand = quorum(delivery_limit=1)
    stand.publish("one")
    client = Client(stand)
    for _ in range(30):
        stand.broker.nack(client.channel, client.take().tag, multiple=False, requeue=True)
    assert stand.ready() == 1


# --- what a dead letter has behind it (`rabbit_fifo`, maybe_set_msg_delivery_count) --------------


def three_in_a_row(middle: str = "quorum") -> Stand:
    """A quorum queue, whose dead letters go to another one, whose go to a third."""
    stand = quorum(dead_letter_exchange="", dead_letter_routing_key="second")
    stand.queue("second", queue_type=middle, dead_letter_exchange="",
                dead_letter_routing_key="third")  # fmt: skip
    stand.queue("third", queue_type="quorum", delivery_limit=3)
    stand.publish("one")
    return stand


def test_a_rejection_is_a_failure_in_the_next_quorum_queue() -> None:
    client = Client(three_in_a_row())
    client.drop()
    delivery = client.take("second")
    assert delivery.redelivered
    assert delivery.copy.properties()["headers"]["x-delivery-count"] == 1


@pytest.mark.parametrize("middle", ["quorum", "classic"])
def test_failures_add_up_from_queue_to_queue(middle: str) -> None:
    stand = three_in_a_row(middle)
    fails(stand, 1)
    client = Client(stand)
    client.drop()
    client.drop("second")
    headers: Any = client.take("third").copy.properties()["headers"]
    failures = {"quorum": 3, "classic": 2}[middle]
    assert (headers["x-delivery-count"], headers["x-acquired-count"]) == (failures, failures)


def test_the_next_queues_limit_counts_them() -> None:
    stand = three_in_a_row()
    fails(stand, 2)
    client = Client(stand)
    client.drop()
    client.drop("second")
    stand.broker.reject(client.channel, client.take("third").tag, requeue=True)
    assert stand.ends()[-1] == "undeliverable"


def test_a_message_that_never_failed_comes_as_new() -> None:
    stand = quorum(message_ttl=100, dead_letter_exchange="", dead_letter_routing_key="dead")
    stand.queue("dead", queue_type="quorum")
    stand.publish("one")
    stand.due.passes(1)
    delivery = Client(stand).take("dead")
    assert not delivery.redelivered
    assert "x-delivery-count" not in delivery.copy.properties()["headers"]


# --- order and priorities ------------------------------------------------------------------------


def test_priorities_are_strict_and_always_on() -> None:
    stand = quorum()
    for body, priority in (("a", 0), ("b", 31), ("c", 5), ("d", 99)):
        stand.publish(body, priority=priority)
    stand.publish("e")
    assert stand.bodies() == ["b", "d", "c", "e", "a"]


def test_no_priority_is_four() -> None:
    stand = quorum()
    stand.publish("none")
    stand.publish("four", priority=4)
    stand.publish("five", priority=5)
    assert stand.bodies() == ["five", "none", "four"]


def test_what_comes_back_goes_first_and_in_the_order_it_came_back() -> None:
    stand = quorum()
    stand.publish("1", "2")
    client = Client(stand)
    client.get()
    client.get()
    stand.publish("urgent", priority=31)
    stand.broker.nack(client.channel, 2, multiple=False, requeue=True)
    stand.broker.nack(client.channel, 1, multiple=False, requeue=True)
    assert stand.bodies() == ["2", "1", "urgent"]


def test_a_lost_connection_gives_back_in_order() -> None:
    stand = quorum()
    stand.publish("1", "2", "3")
    client = Client(stand)
    client.consume()
    client.lose()
    assert stand.bodies() == ["1", "2", "3"]


# --- what they are not ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"durable": False}, "non-durable"),
        ({"auto_delete": True}, "auto-delete"),
        ({"exclusive": True, "connection": 1}, "exclusive-owner"),
    ],
)
def test_they_are_durable_and_shared(given: dict[str, Any], name: str) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        Stand().broker.declare_queue("work", arguments={"x-queue-type": "quorum"}, **given)
    assert refused.value.text == (
        f"PRECONDITION_FAILED - invalid property '{name}' for queue 'work' in vhost '/'"
    )


def test_the_broker_makes_up_no_name_for_them() -> None:
    with pytest.raises(PreconditionFailed, match="Cannot declare a server-named queue"):
        Stand().broker.declare_queue("", arguments={"x-queue-type": "quorum"})


def test_an_exclusive_consumer_of_theirs_is_not_alone() -> None:
    stand = quorum()
    Client(stand).consume(exclusive=True)
    Client(stand).consume()
