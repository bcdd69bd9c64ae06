"""Who is served, and who is told what (RabbitMQ, "Consumers", "Consumer Priorities")."""

import pytest

from minibroker.queues.errors import ChannelError
from minibroker.sim.trace import Requeued, Settled
from tests.minibroker.queues.client import Client, Stand


def work(**arguments: object) -> Stand:
    stand = Stand()
    stand.queue(**arguments)
    return stand


def test_a_higher_priority_is_served_while_it_has_room() -> None:
    stand = work()
    low, high = Client(stand), Client(stand, prefetch=2)
    low.consume()
    high.consume(priority=10)
    stand.publish("1", "2", "3", "4")
    assert (high.bodies(), low.bodies()) == (["1", "2"], ["3", "4"])


def test_equals_take_turns_and_lower_ones_wait() -> None:
    stand = work()
    one, two, low = Client(stand), Client(stand), Client(stand)
    for client, priority in ((low, -1), (one, 5), (two, 5)):
        client.consume(priority=priority)
    stand.publish("1", "2", "3", "4")
    assert (one.bodies(), two.bodies(), low.bodies()) == (["1", "3"], ["2", "4"], [])


def test_a_priority_is_a_whole_number() -> None:
    with pytest.raises(ChannelError) as refused:
        Client(work()).consume(priority="high")
    assert refused.value.text == (
        "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'work' in vhost '/': "
        '"expected integer, got longstr"'
    )


# --- exclusive consumers -------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_an_exclusive_consumer_is_alone(first: bool, second: bool) -> None:
    stand = work()
    client = Client(stand)
    client.consume(exclusive=first)
    with pytest.raises(ChannelError) as refused:
        Client(stand).consume(exclusive=second)
    assert (refused.value.code, refused.value.text) == (
        403,
        "ACCESS_REFUSED - queue 'work' in vhost '/' in exclusive use",
    )
    stand.broker.cancel(client.channel, "tag")
    Client(stand).consume(exclusive=second)


# --- single active consumer ----------------------------------------------------------------------


def test_one_consumer_at_a_time_is_served_the_first_of_them() -> None:
    stand = work(single_active_consumer=True)
    first, second = Client(stand, prefetch=1), Client(stand)
    first.consume()
    second.consume()
    stand.publish("1", "2")
    assert (first.bodies(), second.bodies()) == (["1"], [])
    stand.broker.ack(first.channel, 1)
    assert (first.bodies(), second.bodies()) == (["1", "2"], [])


@pytest.mark.parametrize("how", ["cancel", "lose"])
def test_the_next_one_takes_over_when_it_leaves(how: str) -> None:
    stand = work(single_active_consumer=True)
    first, second = Client(stand, prefetch=1), Client(stand)
    first.consume()
    second.consume()
    stand.publish("1", "2")
    if how == "lose":
        first.lose()
        assert second.bodies() == ["1", "2"]
    else:
        stand.broker.cancel(first.channel, "tag")
        assert second.bodies() == ["2"]


def test_on_a_classic_queue_a_higher_priority_waits_for_its_turn() -> None:
    stand = work(single_active_consumer=True)
    low, high = Client(stand), Client(stand)
    low.consume()
    high.consume(priority=5)
    stand.publish("1")
    assert (low.bodies(), high.bodies()) == (["1"], [])


def test_on_a_quorum_queue_a_higher_priority_takes_over_when_all_is_settled() -> None:
    stand = work(queue_type="quorum", single_active_consumer=True)
    low, high = Client(stand, prefetch=2), Client(stand)
    low.consume()
    stand.publish("1")
    high.consume(priority=5)
    stand.publish("2")
    assert (low.bodies(), high.bodies()) == (["1"], [])
    stand.broker.ack(low.channel, 1)
    assert (low.bodies(), high.bodies()) == (["1"], ["2"])


def test_nobody_gets_single_messages_past_the_active_consumer_of_a_quorum_queue() -> None:
    stand = work(queue_type="quorum", single_active_consumer=True)
    with pytest.raises(ChannelError) as refused:
        Client(stand).get()
    assert refused.value.code == 405
    assert "are not supported by quorum queues with single active consumer" in refused.value.text


# --- recover -------------------------------------------------------------------------------------


def test_recover_gives_back_all_that_the_channel_holds() -> None:
    stand = work(queue_type="quorum")
    stand.publish("1", "2")
    client = Client(stand)
    client.get()
    client.get()
    stand.broker.recover(client.channel)
    assert [(e.message, e.why) for e in stand.trace.of(Requeued)] == [
        (1, "recovered"),
        (2, "recovered"),
    ]
    assert "x-delivery-count" not in client.take().copy.properties()["headers"]  # type: ignore[operator]


# --- queues that go ------------------------------------------------------------------------------


def test_subscribers_of_a_deleted_queue_are_told() -> None:
    stand = work()
    client = Client(stand)
    client.consume()
    stand.publish("1")
    stand.broker.delete_queue("client#2", "work")
    assert client.cancelled == ["tag"]
    assert client.channel.consumers == {}
    stand.broker.ack(client.channel, 1)
    client.lose()


def test_what_a_channel_holds_of_a_deleted_queue_goes_nowhere() -> None:
    stand = work()
    client = Client(stand)
    stand.publish("1", "2", "3")
    client.get()
    client.get()
    assert stand.broker.delete_queue("client#2", "work") == 1
    stand.broker.reject(client.channel, 1, requeue=False)
    client.lose()
    assert [(e.message, e.how) for e in stand.trace.of(Settled)] == [
        (3, "deleted"),
        (1, "dropped"),
        (2, "deleted"),
    ]


def test_an_auto_delete_queue_goes_with_its_last_subscription() -> None:
    stand = Stand()
    stand.broker.declare_queue("work", auto_delete=True)
    first, second = Client(stand), Client(stand)
    first.get()
    first.lose()
    first, third = Client(stand), Client(stand)
    first.consume()
    third.consume()
    stand.publish("1")
    stand.broker.cancel(first.channel, "tag")
    assert stand.broker.has_queue("work")
    third.lose()
    assert not stand.broker.has_queue("work")
    assert second.cancelled == []


def test_an_exclusive_queue_is_of_one_connection_and_goes_with_it() -> None:
    stand = Stand()
    owner, other = Client(stand), Client(stand)
    stand.broker.declare_queue("work", exclusive=True, connection=owner)
    owner.consume(tag="mine")
    locked = (
        "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'work' in vhost '/'. It "
        "could be originally declared on another connection or the exclusive property value does "
        "not match that of the original declaration."
    )
    for call in (
        lambda: other.consume(),
        lambda: other.get(),
        lambda: stand.broker.purge("x", "work", other),
        lambda: stand.broker.delete_queue("x", "work", connection=other),
        lambda: stand.broker.bind("work", "amq.direct", "k", connection=other),
        lambda: stand.broker.declare_queue("work", exclusive=True, connection=other),
        lambda: stand.broker.declare_queue("work", passive=True, connection=other),
        lambda: stand.broker.declare_queue("work", connection=owner),
    ):
        with pytest.raises(ChannelError) as refused:
            call()
        assert (refused.value.code, refused.value.text) == (405, locked)
    stand.broker.declare_queue("work", exclusive=True, connection=owner)
    stand.publish("1")
    owner.lose()
    assert not stand.broker.has_queue("work")
    assert stand.ends() == ["deleted"]


@pytest.mark.parametrize(
    ("given", "why"), [({"if_unused": True}, "in use"), ({"if_empty": True}, "not empty")]
)
def test_a_queue_in_use_is_not_deleted_when_the_client_says_so(
    given: dict[str, bool], why: str
) -> None:
    stand = work()
    Client(stand, prefetch=1).consume()
    stand.publish("1", "2")
    with pytest.raises(ChannelError) as refused:
        stand.broker.delete_queue("x", "work", **given)
    assert refused.value.text == f"PRECONDITION_FAILED - queue 'work' in vhost '/' {why}"


def test_deleting_a_queue_that_is_not_there_is_no_error() -> None:
    assert Stand().broker.delete_queue("x", "none") == 0
