"""What a restart of the broker leaves."""

import pytest

from minibroker.queues.errors import NotFound
from minibroker.sim.trace import BrokerRestarted, Published, Requeued, Settled
from tests.minibroker.queues.client import Client, Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def restart(stand: Stand, *clients: Client) -> None:
    stand.broker.restart([], [client.channel for client in clients])


def reached(stand: Stand) -> list[str]:
    stand.publish("after", exchange="events", to="key")
    return stand.trace.of(Published)[-1].queues


def test_a_durable_queue_keeps_its_persistent_messages_in_order(stand: Stand) -> None:
    stand.queue()
    stand.publish("a", "b", delivery_mode=2)
    restart(stand)
    assert stand.bodies() == ["a", "b"]


def test_a_classic_queue_loses_what_is_not_persistent_and_the_trace_says_so(stand: Stand) -> None:
    stand.queue()
    stand.publish("a", delivery_mode=2)
    stand.publish("b")
    stand.publish("c", delivery_mode=1)
    restart(stand)
    assert [event.how for event in stand.trace.of(Settled)] == ["transient", "transient"]
    assert stand.bodies() == ["a"]


def test_a_quorum_queue_keeps_every_message(stand: Stand) -> None:
    stand.queue(queue_type="quorum")
    stand.publish("a")
    restart(stand)
    assert stand.bodies() == ["a"]


def test_a_queue_that_is_not_durable_is_gone_with_its_messages(stand: Stand) -> None:
    stand.broker.declare_queue("work", durable=False)
    stand.publish("a", delivery_mode=2)
    restart(stand)
    with pytest.raises(NotFound):
        stand.broker.queue("work")
    assert [event.how for event in stand.trace.of(Settled)] == ["deleted"]


@pytest.mark.parametrize("durable", [True, False])
def test_an_exchange_stays_with_its_bindings_when_it_is_durable(
    stand: Stand, durable: bool
) -> None:
    stand.queue()
    stand.broker.declare_exchange("events", durable=durable, kind="fanout")
    stand.broker.bind("work", "events", "")
    assert reached(stand) == ["work"]
    restart(stand)
    if durable:
        assert reached(stand) == ["work"]
    else:
        with pytest.raises(NotFound):
            reached(stand)


def test_a_binding_goes_with_the_queue_that_it_leads_to(stand: Stand) -> None:
    stand.broker.declare_queue("work", durable=False)
    stand.broker.declare_exchange("events", durable=True, kind="fanout")
    stand.broker.bind("work", "events", "")
    restart(stand)
    stand.queue()
    assert reached(stand) == []


def test_what_was_unacked_is_back_and_counts_as_redelivered(stand: Stand) -> None:
    stand.queue()
    stand.publish("a", delivery_mode=2)
    client = Client(stand)
    client.consume("work")
    restart(stand, client)
    assert not client.channel.open
    [restarted] = stand.trace.of(BrokerRestarted)
    [requeued] = stand.trace.of(Requeued)
    assert stand.trace.events.index(restarted) < stand.trace.events.index(requeued)
    again = Client(stand).get("work")
    assert again is not None
    assert again.redelivered
