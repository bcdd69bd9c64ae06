"""Too many attempts: what fails was tried past what was promised."""

import pytest

from graders.judges.too_many_attempts import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    body_of,
    charged,
    crashed,
    dead_lettered,
    declined,
    delivered,
    faulted,
    history,
    owed,
    owed_dead,
    promised,
    published,
    put_away,
    requeued,
    settled,
)

OWED = [promised(), published(body=body_of()), owed_dead()]


def tried(times: int, order: str = "order-1", error: str = "GatewayUnavailable") -> list[Event]:
    """So many times handed out, failed and given back."""
    return [
        event
        for attempt in range(1, times + 1)
        for event in (delivered(attempt=attempt), declined(order, error), requeued(why="nacked"))
    ]


FIRES: dict[str, tuple[list[Event], str, int]] = {
    "a count in memory that a crash forgets": (
        [*OWED, *tried(3), crashed(), *tried(4), put_away(2), settled()],
        "order-1 was tried 7 times, where 4 attempts are promised",
        7,
    ),
    "once more than promised": (
        [*OWED, *tried(5), put_away(2), settled()],
        "order-1 was tried 5 times, where 4 attempts are promised",
        5,
    ),
    "on and on": (
        [*OWED, *tried(30)],
        "order-1 was tried 30 times, where 4 attempts are promised",
        30,
    ),
    "a card that is declined, on and on": (
        [*OWED, *tried(6, error="CardDeclined"), put_away(2), settled()],
        "order-1 was tried 6 times, where 4 attempts are promised",
        6,
    ),
    "two more than promised for one fault": (
        [*OWED, *tried(2), faulted(), *tried(4), put_away(2), settled()],
        "order-1 was tried 6 times, where 4 attempts are promised",
        6,
    ),
    "more than two dead letters account for": (
        [*OWED, *tried(9), put_away(2), put_away(3), settled()],
        "order-1 was tried 9 times, where 4 attempts are promised",
        9,
    ),
    "one attempt is promised": (
        [promised(delays=()), *OWED[1:], *tried(2), put_away(2), settled()],
        "order-1 was tried 2 times, where 1 attempts are promised",
        2,
    ),
}


@pytest.mark.parametrize(("events", "sentence", "many"), FIRES.values(), ids=FIRES)
def test_an_order_was_tried_too_often(events: list[Event], sentence: str, many: int) -> None:
    trace = history(*events)
    [found] = find(trace)
    assert found.anomaly == "too_many_attempts"
    assert found.sentence == sentence
    assert len(found.events) == many
    assert {type(trace.events[position]).__name__ for position in found.events} == {"Declined"}


def test_each_order_that_was_tried_too_often_is_found_by_itself() -> None:
    found = find(
        history(
            *(promised(), published(1, body=body_of("a")), owed_dead(1, "a")),
            *(published(2, body=body_of("b")), owed_dead(2, "b")),
            *(published(3, body=body_of("c")), owed_dead(3, "c")),
            *(*tried(6, "b"), *tried(4, "c"), *tried(5, "a")),
        )
    )
    assert [each.sentence.split()[0] for each in found] == ["b", "a"]


FORKED = [*OWED, delivered(), declined(), published(2, "later", who="worker#1", body=body_of())]
"""A crash between a publish and its ack: from here on there are two messages of the order."""

QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "nothing is promised": [published(body=body_of()), owed_dead(), *tried(9)],
    "as often as promised": [*OWED, *tried(4), put_away(2), settled()],
    "less often": [*OWED, *tried(1), put_away(2), settled()],
    "never": [*OWED, delivered(), put_away(2), settled()],
    "the only attempt that is promised": [promised(delays=()), *OWED[1:], *tried(1), put_away(2)],
    "once more for a crash": [*OWED, *tried(1), crashed(), *tried(4), put_away(2), settled()],
    "once more for another fault": [*OWED, *tried(2), faulted("definite"), *tried(3), put_away(2)],
    "twice more for two faults": [
        *(*OWED, *tried(2), crashed("worker-1#1"), *tried(2), faulted("pause", "worker-2#7")),
        *(*tried(2), put_away(2), settled()),
    ],
    "two messages, each with its attempts": [
        *(*FORKED, crashed(), requeued(), *tried(4), put_away(3), settled()),
        *(*tried(3), put_away(4), settled(2, queue="later")),
    ],
    "two messages, each with its attempts, rejected to the dead letters": [
        *(*FORKED, crashed(), requeued(), *tried(4), dead_lettered(1, "orders.dead")),
        *(*tried(3), dead_lettered(2, "orders.dead", queue="later")),
    ],
    "a charge that is owed is no dead letter's": [
        *(promised(), published(body=body_of()), owed(), *tried(6), charged(), settled())
    ],
    "an order that owes nothing": [promised(), published(body=body_of()), *tried(6), settled()],
    "an attempt that succeeded": [
        *(*OWED, *tried(4), put_away(2), settled(), charged("order-2"), charged("order-2"))
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_an_order_was_not_tried_too_often(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_two_messages_of_a_crash_may_end_in_one_dead_letter() -> None:
    events = [*FORKED, crashed(), requeued(), *tried(4), put_away(3), settled(), *tried(2)]
    assert find(history(*events, settled(2, queue="later"))) == []


def test_a_message_that_came_twice_has_its_attempts_twice() -> None:
    """The fault ``duplicate`` repeats a message as the scenario's; the broker moves both."""
    events = [*OWED, delivered(), faulted("duplicate"), published(2, body=body_of())]
    away = [dead_lettered(1, "orders.dead"), dead_lettered(2, "orders.dead")]
    assert find(history(*events, *tried(4), *tried(4), *away)) == []


def test_nothing_is_shown_before_an_attempt_failed() -> None:
    sentence = "no attempt ever failed, so none could be one too many"
    assert unshown(history()) == sentence
    assert unshown(history(*OWED, delivered(), put_away(2), settled())) == sentence
    assert unshown(history(*OWED, delivered(), charged("order-2"))) == sentence
    assert unshown(history(*OWED, *tried(1))) == ""
