"""How often work was tried, as the judges of retries read it."""

from dataclasses import replace

import pytest

from graders.judges.attempts import MAY_WORK_LATER, failed, faults, policy, ways
from graders.judges.debts import debts
from minibroker.clients.payments import ERRORS, GatewayUnavailable
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    WORKER,
    body_of,
    came,
    charged,
    crashed,
    dead_lettered,
    declined,
    deduplicated,
    delivered,
    exited,
    faulted,
    gave_up,
    history,
    promised,
    published,
    requeued,
    settled,
)


def test_a_scenario_that_promises_nothing_has_no_policy() -> None:
    assert policy(history()) is None
    assert policy(history(published(), delivered(), declined())) is None


def test_what_was_promised_last_is_promised() -> None:
    first, last = promised(), replace(promised(delays=(1,)), at=1_000_000)
    assert policy(history(first, last)) == last


def test_every_crash_and_every_other_fault_counts() -> None:
    assert faults(history()) == 0
    kinds = ("definite", "indefinite", "pause", "preempt", "duplicate")
    assert faults(history(crashed(), crashed("worker-2#3"), *map(faulted, kinds))) == 7


def test_what_the_code_does_to_itself_is_no_fault() -> None:
    assert faults(history(exited("raised"), gave_up(), requeued(), declined())) == 0


def test_failed_attempts_are_found_by_their_subject_with_their_places() -> None:
    trace = history(
        *(published(), declined("a"), declined("b", "CardDeclined"), charged("c")),
        *(deduplicated("c"), declined("a", who="worker-2#1")),
    )
    assert {
        subject: [(position, event.error, event.who) for position, event in tries]
        for subject, tries in failed(trace).items()
    } == {
        "a": [(1, "GatewayUnavailable", "worker#1"), (5, "GatewayUnavailable", "worker-2#1")],
        "b": [(2, "CardDeclined", "worker#1")],
    }
    assert failed(history()) == {}


def test_a_trace_that_has_grown_is_read_again() -> None:
    trace = history(declined())
    assert (len(failed(trace)["order-1"]), faults(trace)) == (1, 0)
    trace.append(declined())
    trace.append(crashed())
    assert (len(failed(trace)["order-1"]), faults(trace)) == (2, 1)


def test_two_traces_of_one_length_are_not_mistaken_for_each_other() -> None:
    one, other = history(declined("a")), history(declined("b"))
    assert (list(failed(one)), list(failed(other)), list(failed(one))) == (["a"], ["b"], ["a"])


def test_the_errors_of_what_may_work_later_are_errors_of_the_client() -> None:
    assert {ERRORS[name] for name in MAY_WORK_LATER} == {GatewayUnavailable}


# --- ways ----------------------------------------------------------------------------------------


def gone(*events: Event, order: str = "order-1") -> int:
    """How many messages of the order went their ways."""
    trace = history(*events)
    return ways(trace, order, debts(trace)["charge", order])


def sent_on(message: int = 2, order: str = "order-1", who: str = WORKER) -> Event:
    return published(message, "later", who=who, body=body_of(order))


def test_an_order_goes_one_way_however_often_it_is_sent_on() -> None:
    assert gone(*came()) == 1
    round_trip = [delivered(), sent_on(2), settled(), delivered(2), sent_on(3), settled(2)]
    assert gone(*came(), *round_trip) == 1


def test_an_order_goes_as_many_ways_as_it_came() -> None:
    assert gone(*came(), published(2, body=body_of())) == 2
    assert gone(*came(), *came(message=2), *came("order-2", 3)) == 2


@pytest.mark.parametrize("why", ["connection lost", "nacked", "channel closed"])
def test_an_order_that_was_sent_on_and_came_back_goes_two_ways(why: str) -> None:
    """A crash between the publish and the ack is one way to get there."""
    assert gone(*came(), delivered(), sent_on(), requeued(why=why)) == 2


def test_each_time_that_it_is_sent_on_and_comes_back_is_a_way_more() -> None:
    again = [delivered(), sent_on(2), crashed(), requeued(), delivered(attempt=2)]
    assert gone(*came(), *again, sent_on(3), crashed(), requeued()) == 3
    assert gone(*came(), *again, crashed(), requeued()) == 2
    assert gone(*came(), *again, settled()) == 2
    copied_twice = [delivered(), sent_on(2), sent_on(3), requeued()]
    assert gone(*came(), *copied_twice) == 2


ONE_WAY: dict[str, list[Event]] = {
    "it came back before it was sent on": [delivered(), requeued(), sent_on()],
    "it was settled first": [delivered(), settled(), sent_on()],
    "it was sent on and settled": [delivered(), sent_on(), settled()],
    "another one was sent on": [
        *(*came("order-2", 7), delivered(), sent_on(order="order-2"), requeued())
    ],
    "who sent it on had not taken it": [delivered(), sent_on(who="worker-2#1"), requeued()],
    "what was sent on is about nothing": [
        *(delivered(), published(2, "later", who=WORKER, body=b"hello"), requeued())
    ],
    "what came back is about nothing": [published(7), delivered(7), sent_on(), requeued(7)],
    "it was sent on and dead-lettered, and what came of that came back": [
        *(delivered(), sent_on(), dead_lettered(1, "orders"), delivered(attempt=2), requeued())
    ],
    "the scenario sent nothing on": [delivered(), published(7, body=b"hello"), requeued()],
}


@pytest.mark.parametrize("events", ONE_WAY.values(), ids=ONE_WAY)
def test_an_order_goes_one_way_where(events: list[Event]) -> None:
    assert gone(*came(), *events) == 1


def test_each_order_has_its_own_ways() -> None:
    events = [*came(), *came("order-2", 7), delivered(), delivered(7), sent_on(8, "order-2")]
    events += [requeued(), requeued(7)]
    assert (gone(*events), gone(*events, order="order-2")) == (1, 2)


def test_ways_are_counted_again_in_a_trace_that_has_grown() -> None:
    trace = history(*came(), delivered(), sent_on())
    debt = debts(trace)["charge", "order-1"]
    assert ways(trace, "order-1", debt) == 1
    trace.append(requeued())
    assert ways(trace, "order-1", debt) == 2
