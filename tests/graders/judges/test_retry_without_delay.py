"""Retry without delay: what failed was tried again sooner than promised."""

import pytest

from graders.judges.retry_without_delay import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    body_of,
    came,
    charged,
    crashed,
    declined,
    delivered,
    faulted,
    history,
    owed,
    promised,
    published,
    timed,
)


def tried(*at: float, delays: tuple[float, ...] = (5, 10, 20), order: str = "order-1") -> list[str]:
    """What is found when the attempts for an order fail at these seconds."""
    first = [(0, promised(delays)), *((0, event) for event in came(order))]
    trace = timed(*first, *((second, declined(order)) for second in at))
    return [each.sentence for each in find(trace)]


def test_the_second_attempt_came_at_once() -> None:
    first = [(0, promised()), *((0, event) for event in came())]
    trace = timed(*first, (10, declined()), (10.004, declined()))
    [found] = find(trace)
    assert found.anomaly == "retry_without_delay"
    assert found.sentence == (
        "attempt 2 for order-1 came 0.004 s after attempt 1 had failed, where 5 s are promised"
    )
    assert found.events == (3, 4)


def test_a_later_attempt_came_too_soon() -> None:
    assert tried(10, 15, 20) == [
        "attempt 3 for order-1 came 5 s after attempt 2 had failed, where 10 s are promised"
    ]
    assert tried(10, 15, 25, 30) == [
        "attempt 4 for order-1 came 5 s after attempt 3 had failed, where 20 s are promised"
    ]


def test_of_each_order_the_first_attempt_that_came_too_soon_is_told() -> None:
    assert len(tried(10, 11, 12, 13)) == 1
    orders = [event for number, name in enumerate("abc", 1) for event in came(name, number)]
    trace = timed(
        *((0, event) for event in [promised(), *orders]),
        *((10, declined("a")), (11, declined("b")), (12, declined("b"))),
        *((13, declined("c")), (15, declined("a")), (16, declined("a")), (18, declined("c"))),
        (17, declined("a")),
    )
    assert [(each.sentence.split()[3], each.events) for each in find(trace)] == [
        ("a", (11, 12)),
        ("b", (8, 9)),
    ]


def test_the_delays_are_long_enough_to_the_microsecond() -> None:
    assert tried(10, 15, 25, 45) == []
    assert tried(10, 14.999999, 25, 45) != []
    assert tried(10, 15, 24.999999, 45) != []
    assert tried(10, 15, 25, 44.999999) != []


def test_longer_delays_are_as_good() -> None:
    assert tried(10, 30, 50, 70) == []
    assert tried(10, 1_000, 2_000, 3_000) == []


def test_an_attempt_that_is_not_promised_has_no_delay() -> None:
    assert tried(10, 15, 25, 45, 45.001) == []
    assert tried(10, 10, delays=()) == []
    assert tried(10, 10, delays=(0,)) == []


def test_attempts_for_other_orders_in_between_are_no_retries() -> None:
    orders = [event for n in range(9) for event in came(f"order-{n}", n)]
    tries = [(10 + n / 1e3, declined(f"order-{n}")) for n in range(9)]
    trace = timed(*((0, event) for event in [promised(), *orders]), *tries)
    assert find(trace) == []


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "nothing is promised": [*came(), declined(), declined()],
    "nothing is owed": [promised(), published(), declined(), declined()],
    "a single attempt": [promised(), *came(), declined()],
    "after a crash": [promised(), *came(), declined(), crashed(), declined()],
    "after another fault": [promised(), *came(), declined(), faulted("duplicate"), declined()],
    "in a run with a fault that came later": [
        *(promised(), *came(), declined(), declined(), crashed())
    ],
    "asked again for what was charged": [promised(), *came(), charged(), charged()],
    "what was charged after it was promised to be": [
        *(promised(), *came(), declined(), *[delivered()] * 4, charged(), charged())
    ],
    "another order was charged": [
        *(promised(), *came(), *came("order-2", 2), declined(), charged("order-2"))
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nothing_came_too_soon(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_an_attempt_that_succeeds_too_soon_came_too_soon() -> None:
    trace = timed(
        *((0, promised()), (9, published()), (9, owed())),
        *((10, declined()), (15, declined()), (15.004, charged())),
    )
    [found] = find(trace)
    assert found.sentence == (
        "attempt 3 for order-1 came 0.004 s after attempt 2 had failed, where 10 s are promised"
    )
    assert found.events == (4, 5)


def test_an_order_that_went_two_ways_is_not_judged_and_hides_no_other() -> None:
    twice = [*came(), published(2, body=body_of())]
    again = [declined(), declined()]
    assert find(history(promised(), *twice, *again)) == []
    other = [*came("order-2", 3), declined("order-2"), declined("order-2")]
    [found] = find(history(promised(), *twice, *again, *other))
    assert "order-2" in found.sentence


def test_an_order_that_its_producer_sent_twice_is_tried_for_each_message() -> None:
    trace = timed(
        *((0, promised()), (9, published(1)), (9, owed(1)), (9, published(2)), (9, owed(2))),
        *((10, delivered(1)), (10, declined()), (10.01, delivered(2)), (10.01, declined())),
        *((15, declined()), (15.01, declined()), (25, charged())),
    )
    assert find(trace) == []


def test_nothing_is_shown_before_something_was_tried_a_second_time() -> None:
    sentence = "nothing that failed was tried again, so no delay was seen"
    assert unshown(history()) == sentence
    first = [promised(), *came("a", 1), *came("b", 2)]
    assert unshown(history(*first, declined("a"), declined("b"))) == sentence
    assert unshown(history(*first, charged("a"), charged("a"))) == sentence
    assert unshown(history(*first, declined("c"), declined("c"))) == sentence
    assert unshown(history(*first, declined("a"), declined("b"), declined("a"))) == ""


def test_a_retry_that_succeeds_shows_a_delay() -> None:
    trace = timed(
        *((0, promised()), (9, published()), (9, owed()), (10, declined()), (15, charged())),
    )
    assert unshown(trace) == ""
