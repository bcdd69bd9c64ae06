"""Starvation: work that could be done at once waits behind work that cannot."""

import pytest

from graders.judges.starvation import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    body_of,
    charged,
    crashed,
    declined,
    delivered,
    faulted,
    history,
    owed,
    owed_dead,
    promised,
    published,
    put_away,
    settled,
    timed,
    trouble,
)


def waited(seconds: float, patience: float = 3) -> list[str]:
    """What is found when an order that comes at 10 s is charged so many seconds later."""
    trace = timed(
        *((0, promised(patience=patience)), (10, published()), (10, owed())),
        (10 + seconds, charged()),
    )
    return [each.sentence for each in find(trace)]


def test_an_order_waits_while_the_worker_sleeps_for_another_one() -> None:
    trace = timed(
        *((0, promised()), (9, published(2)), (9, owed(2, "order-2")), (0, trouble("order-2", 12))),
        *(
            (10, declined("order-2")),
            (11, published(3)),
            (11, owed(3, "order-3")),
            (15.001, charged("order-2")),
        ),
        (15.002, charged("order-3")),
    )
    [found] = find(trace)
    assert found.anomaly == "starvation"
    assert found.sentence == (
        "order-3 could be worked on at once and waited 4.002 s for its charge, where 3 s are "
        "allowed"
    )
    assert found.events == (8,)


def test_an_order_waits_as_long_as_is_allowed_to_the_microsecond() -> None:
    assert waited(0) == waited(3) == waited(0, patience=0) == []
    assert len(waited(3.000001)) == len(waited(0.000001, patience=0)) == 1
    assert waited(7.5, patience=2.5) == [
        "order-1 could be worked on at once and waited 7.5 s for its charge, where 2.5 s are "
        "allowed"
    ]


def test_every_order_that_waited_is_found() -> None:
    trace = timed(
        *((0, promised()), (1, published(1)), (1, owed(1, "a")), (2, published(2))),
        *((2, owed(2, "b")), (3, published(3)), (3, owed(3, "c")), (6.5, charged("c"))),
        *((6.6, charged("a")), (5, charged("b"))),
    )
    assert [(each.sentence.split()[0], each.events) for each in find(trace)] == [
        ("a", (8,)),
        ("c", (7,)),
    ]


def test_an_order_waits_from_when_it_first_came() -> None:
    sent_on = published(2, "later", who="worker#1", body=body_of())
    trace = timed(
        *((0, promised()), (10, published(body=body_of())), (10, owed()), (11, sent_on)),
        (14, charged()),
    )
    assert [each.sentence.split(" for ")[0] for each in find(trace)] == [
        "order-1 could be worked on at once and waited 4 s"
    ]


def test_an_order_is_done_when_it_was_first_done() -> None:
    first = [(0, promised()), (10, published()), (10, owed())]
    assert find(timed(*first, (11, charged()), (20, charged()))) == []
    [found] = find(timed(*first, (11, charged(cents=41)), (20, charged())))
    assert found.events == (4,)


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "nothing is promised": [published(), owed(), *[delivered()] * 9, charged()],
    "what could not be done at once has its own time": [
        *(promised(), trouble(until=7), published(), owed(), declined()),
        *(*[delivered()] * 9, charged()),
    ],
    "what can never be done, too": [
        *(trouble(), promised(), published(), owed(), *[delivered()] * 9, charged())
    ],
    "a dead letter has all the time": [
        *(promised(), published(body=body_of()), owed_dead(), *[delivered()] * 9, put_away(2))
    ],
    "what was never done is lost or stuck": [
        *(promised(), published(), owed(), *[delivered()] * 9, settled())
    ],
    "a crash costs everybody time": [
        *(promised(), published(), owed(), crashed(), *[delivered()] * 9, charged())
    ],
    "any fault does": [promised(), published(), owed(), *[delivered()] * 9, charged(), faulted()],
    "nobody waits for what owes nothing": [promised(), published(), *[delivered()] * 9, settled()],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nobody_starves(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_an_order_that_was_declined_without_trouble_has_no_time_of_its_own() -> None:
    first = [promised(), published(), owed(), declined()]
    assert len(find(history(*first, *[delivered()] * 9, charged()))) == 1


def test_another_order_s_trouble_is_no_excuse() -> None:
    first = [promised(), trouble("order-2"), published(), owed()]
    assert len(find(history(*first, *[delivered()] * 9, charged()))) == 1


def test_nothing_is_shown_before_a_message_was_taken() -> None:
    sentence = "no message was ever taken, so none could wait for others"
    assert unshown(history()) == unshown(history(promised(), published(), owed())) == sentence
    assert unshown(history(promised(), published(), delivered())) == ""
