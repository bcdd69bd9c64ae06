"""Given up early: work that could still succeed was put away before its time."""

import pytest

from graders.judges.given_up_early import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    DEAD,
    body_of,
    charged,
    crashed,
    dead_lettered,
    declined,
    delivered,
    ended,
    faulted,
    history,
    owed,
    owed_dead,
    promised,
    published,
    put_away,
    requeued,
    settled,
    timed,
)

OWED = [promised(), published(body=body_of()), owed()]
OWED_DEAD = [promised(), published(body=body_of()), owed_dead()]
SENT_ON = published(2, "later", who="worker#1", body=body_of())
GARBLED = b'{"id": "order-1'


def tries(many: int, **declines: str) -> list[Event]:
    return [event for _ in range(many) for event in (delivered(), declined(**declines))]


FIRES: dict[str, tuple[list[Event], str, int]] = {
    "put away after the first attempt": (
        [*OWED, delivered(), declined(), put_away(2), settled()],
        "after 1 attempt, where 4 are promised",
        6,
    ),
    "put away after the third": (
        [*OWED, *tries(3), put_away(2), settled()],
        "after 3 attempts, where 4 are promised",
        10,
    ),
    "put away without any attempt": (
        [*OWED, delivered(), put_away(2), settled()],
        "without any attempt, where 4 are promised",
        5,
    ),
    "dropped": (
        [*OWED, delivered(), declined(), settled(how="dropped")],
        "after 1 attempt, where 4 are promised",
        5,
    ),
    "rejected to the dead letters": (
        [*OWED, delivered(), declined(), dead_lettered(1, DEAD)],
        "after 1 attempt, where 4 are promised",
        5,
    ),
    "an order that would have failed for ever": (
        [*OWED_DEAD, delivered(), declined(), put_away(2), settled()],
        "after 1 attempt, where 4 are promised",
        6,
    ),
    "sent on once and then put away": (
        [*OWED, delivered(), declined(), SENT_ON, settled(), delivered(2, queue="later"),
         declined(), put_away(3), settled(2, queue="later")],
        "after 2 attempts, where 4 are promised",
        10,
    ),
    "after two attempts and one fault": (
        [*OWED, delivered(), declined(), crashed(), requeued(), delivered(), declined(),
         put_away(2), settled()],
        "after 2 attempts, where 4 are promised",
        10,
    ),
    "without any attempt in a run with four faults": (
        [*OWED, *[faulted("definite")] * 4, delivered(), put_away(2), settled()],
        "without any attempt, where 4 are promised",
        9,
    ),
    "a card was declined once, and then the bank was away": (
        [*OWED, *tries(1, error="CardDeclined"), *tries(1), put_away(2), settled()],
        "after 2 attempts, where 4 are promised",
        8,
    ),
    "an error with a wrong amount does not make up for it": (
        [*OWED, delivered(), declined(), charged(cents=41), put_away(2), settled()],
        "after 1 attempt, where 4 are promised",
        7,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "rest", "position"), FIRES.values(), ids=FIRES)
def test_an_order_was_given_up_too_early(events: list[Event], rest: str, position: int) -> None:
    [found] = find(history(*events))
    assert found.anomaly == "given_up_early"
    assert found.sentence == f"order-1 was given up {rest}"
    assert found.events == (position,)


def put_away_after(
    *at: float, faults: int = 0, delays: tuple[float, ...] = (5, 10, 20)
) -> list[str]:
    """What is found when the attempts fail at these seconds and then the order is put away."""
    trace = timed(
        *((0, promised(delays)), (10, published(body=body_of())), (10, owed())),
        *((10, faulted()) for _ in range(faults)),
        *((second, declined()) for second in at),
        *((at[-1], put_away(2)), (at[-1], settled())),
    )
    return [each.sentence for each in find(trace)]


def test_all_attempts_within_less_time_than_promised_are_too_early() -> None:
    assert put_away_after(10, 10.001, 10.002, 10.003) == [
        "order-1 was given up after 4 attempts within 0.003 s, where they are spread over 35 s"
    ]
    assert put_away_after(10, 15, 25, 44.999) == [
        "order-1 was given up after 4 attempts within 34.999 s, where they are spread over 35 s"
    ]


def test_the_time_that_is_promised_is_enough_to_the_microsecond() -> None:
    assert put_away_after(10, 15, 25, 45) == []
    assert put_away_after(10, 15, 25, 44.999999) != []
    assert put_away_after(10, 30, 50, 70) == []
    assert put_away_after(10, delays=()) == []


def test_more_attempts_than_promised_do_not_make_up_for_the_time() -> None:
    assert put_away_after(*range(10, 20)) == [
        "order-1 was given up after 10 attempts within 9 s, where they are spread over 35 s"
    ]


def test_after_a_fault_nobody_looks_at_the_time() -> None:
    assert put_away_after(10, 10.001, 10.002, 10.003, faults=1) == []
    assert put_away_after(10, 10.001, 10.002, faults=1) == []
    assert put_away_after(10, 10.001, faults=1) != []
    assert put_away_after(10, 10.001, faults=2) == []


def test_each_order_that_was_given_up_is_found() -> None:
    found = find(
        history(
            *(promised(), published(1, body=body_of("a")), owed(1, "a")),
            *(published(2, body=body_of("b")), owed_dead(2, "b")),
            *(published(3, body=body_of("c")), owed(3, "c"), charged("c"), settled(3)),
            *(declined("b"), declined("a"), dead_lettered(2, DEAD), dead_lettered(1, DEAD)),
        )
    )
    assert [(each.sentence.split()[0], each.events) for each in found] == [
        ("a", (12,)),
        ("b", (11,)),
    ]


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "nothing is promised": [*OWED[1:], delivered(), declined(), put_away(2), settled()],
    "charged at once": [*OWED, delivered(), charged(), settled()],
    "charged at the second attempt": [*OWED, *tries(1), delivered(), charged(), settled()],
    "charged, and put away all the same": [
        *(*OWED, *tries(1), delivered(), charged(), crashed(), requeued(), put_away(2), settled())
    ],
    "not given up: still in its queue": [*OWED, *tries(2), requeued(), ended()],
    "not given up: still held": [*OWED, *tries(2), ended()],
    "not given up: it waits for the next attempt": [*OWED, *tries(1), SENT_ON, settled(), ended()],
    "not given up: one of its two messages goes on": [
        *(*OWED, *tries(1), SENT_ON, crashed(), requeued(), delivered(), put_away(3), settled())
    ],
    "never in a queue": [promised(), published(2), owed(1)],
    "the card is declined": [*OWED_DEAD, *tries(1, error="CardDeclined"), put_away(2), settled()],
    "the bank was away, and then the card was declined": [
        *(*OWED_DEAD, *tries(1), *tries(1, error="CardDeclined"), put_away(2), settled())
    ],
    "an error that nobody knows": [*OWED_DEAD, *tries(1, error="Odd"), put_away(2), settled()],
    "what cannot be read is never tried": [
        *(promised(), published(body=GARBLED), owed_dead(), delivered()),
        *(published(2, DEAD, who="worker#1", body=GARBLED), settled()),
    ],
    "after three attempts and one fault": [
        *(*OWED, *tries(1), crashed(), requeued(), *tries(2), put_away(2), settled())
    ],
    "after two attempts and two faults of two workers": [
        *(*OWED, *tries(1), crashed("worker-1#1"), faulted("definite", "worker-2#1")),
        *(*tries(1, who="worker-2#1"), put_away(2), settled()),
    ],
    "two messages of a crash, each put away after all its attempts": [
        *(*OWED_DEAD, *tries(1), SENT_ON, crashed(), requeued(), *tries(4), put_away(3), settled()),
        *(*tries(3), put_away(4), settled(2, queue="later")),
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_an_order_was_not_given_up_too_early(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_what_a_crash_lost_was_not_given_up() -> None:
    """It is a lost message, and the chaff that acks before it moves names no other anomaly."""
    assert find(history(*OWED, *tries(1), settled(), crashed(), ended())) == []


def test_nothing_is_shown_before_something_was_tried() -> None:
    sentence = "nothing was ever tried, so nothing could be given up too early"
    assert unshown(history()) == unshown(history(*OWED, delivered(), put_away(2))) == sentence
    assert unshown(history(*OWED, delivered(), charged(), settled())) == ""
    assert unshown(history(*OWED, *tries(1, error="CardDeclined"))) == ""
    assert unshown(history(*OWED, *tries(1))) == ""
