"""Dead letter without cause: it does not say why it is there, or how often it was tried."""

import pytest

from graders.judges.dead_letter_without_cause import find, unshown
from minibroker.sim.trace import Event
from minibroker.sim.values import Value
from tests.graders.judges.history import (
    DEAD,
    WORKER,
    body_of,
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
)

OWED = [promised(), published(body=body_of()), owed_dead()]
SENT_ON = published(2, "later", who=WORKER, body=body_of())
NO_CAUSE = "has no header 'cause', a str that says what went wrong"
NO_ATTEMPTS = "has no header 'attempts', an int that says how often it was tried"


def told(*events: Event) -> list[str]:
    return [each.sentence for each in find(history(*events))]


def letter(
    attempts: Value, message: int = 2, cause: Value = "the bank is away", **more: Value
) -> Event:
    return put_away(message, cause=cause, attempts=attempts, **more)


def test_a_message_that_is_rejected_goes_as_it_is() -> None:
    deaths: Value = [{"queue": "orders", "reason": "rejected", "count": 4}]
    moved = dead_lettered(1, DEAD, headers={"x-death": deaths, "x-first-death-reason": "rejected"})
    [found] = find(history(*OWED, *[declined()] * 4, moved))
    assert found.anomaly == "dead_letter_without_cause"
    assert found.sentence == f"the dead letter of order-1 {NO_CAUSE}"
    assert found.events == (7,)


WRONG: dict[str, tuple[dict[str, Value], str]] = {
    "no headers": ({}, NO_CAUSE),
    "other headers": ({"Cause": "x", "attempts": 4}, NO_CAUSE),
    "no cause": ({"attempts": 4}, NO_CAUSE),
    "a cause that is nothing": ({"cause": None, "attempts": 4}, NO_CAUSE),
    "a cause that is empty": ({"cause": "", "attempts": 4}, NO_CAUSE),
    "a cause of white space": ({"cause": " \n", "attempts": 4}, NO_CAUSE),
    "a cause that is a number": ({"cause": 402, "attempts": 4}, NO_CAUSE),
    "a cause that is bytes": ({"cause": b"away", "attempts": 4}, NO_CAUSE),
    "a cause that is a list": ({"cause": ["away"], "attempts": 4}, NO_CAUSE),
    "a cause that is a dict": ({"cause": {"cause": "away"}, "attempts": 4}, NO_CAUSE),
    "no attempts": ({"cause": "away"}, NO_ATTEMPTS),
    "attempts that are nothing": ({"cause": "away", "attempts": None}, NO_ATTEMPTS),
    "attempts that are a text": ({"cause": "away", "attempts": "4"}, NO_ATTEMPTS),
    "attempts that are a float": ({"cause": "away", "attempts": 4.0}, NO_ATTEMPTS),
    "attempts that are no number": ({"cause": "away", "attempts": float("nan")}, NO_ATTEMPTS),
    "attempts that are a truth": ({"cause": "away", "attempts": True}, NO_ATTEMPTS),
    "attempts that are a list": ({"cause": "away", "attempts": [1, 2, 3, 4]}, NO_ATTEMPTS),
    "none": ({"cause": "away", "attempts": 0}, "says that it was tried 0 times"),
    "less than none": ({"cause": "away", "attempts": -1}, "says that it was tried -1 times"),
    "too many": ({"cause": "away", "attempts": 5}, "says 5 attempts, where 4 failed"),
    "far too many": (
        {"cause": "away", "attempts": 2**62},
        f"says {2**62} attempts, where 4 failed",
    ),
    "too few": ({"cause": "away", "attempts": 3}, "says 3 attempts, where 4 failed"),
    "the last attempt only": ({"cause": "away", "attempts": 1}, "says 1 attempts, where 4 failed"),
}


@pytest.mark.parametrize(("headers", "wrong"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("way", ["published", "dead-lettered"])
def test_a_dead_letter_says_too_little_or_something_untrue(
    headers: dict[str, Value], wrong: str, way: str
) -> None:
    moved = dead_lettered(1, DEAD, headers=headers)
    arrives = put_away(2, **headers) if way == "published" else moved
    [found] = find(history(*OWED, *[declined()] * 4, arrives))
    assert found.sentence == f"the dead letter of order-1 {wrong}"
    assert found.events == (7,)


@pytest.mark.parametrize("who", [WORKER, "worker-1#2", "shop"])
@pytest.mark.parametrize("cause", ["x", "CardDeclined('no')", "ä", "x" * 100_000])
def test_a_dead_letter_says_its_cause_and_its_attempts(cause: str, who: str) -> None:
    more: dict[str, Value] = {"at": 10.5, "x-death": [{"count": 4}], "attempts": 4, "cause": cause}
    trace = history(*OWED, *[declined()] * 4, put_away(2, who=who, **more), settled())
    assert find(trace) == []


def test_an_order_that_owes_a_charge_must_say_why_it_was_put_away_too() -> None:
    first = [promised(), published(body=body_of()), owed(), declined()]
    assert told(*first, put_away(2)) == [f"the dead letter of order-1 {NO_CAUSE}"]
    assert told(*first, letter(4)) == ["the dead letter of order-1 says 4 attempts, where 1 failed"]
    assert told(*first, letter(1)) == []


# --- what was never tried ------------------------------------------------------------------------

GARBLED = b'{"id": "order-1'


def garbled(**headers: Value) -> list[Event]:
    away = published(2, DEAD, who=WORKER, body=GARBLED, headers=headers)
    return [promised(), published(body=GARBLED), owed_dead(), delivered(), away, settled()]


@pytest.mark.parametrize("attempts", [1, 4])
def test_reading_it_is_an_attempt_that_nobody_else_counts(attempts: int) -> None:
    assert told(*garbled(cause="no JSON", attempts=attempts)) == []


def test_what_cannot_be_read_needs_its_cause_like_any_other() -> None:
    assert told(*garbled()) == [f"the dead letter of order-1 {NO_CAUSE}"]
    assert told(*garbled(cause="no JSON")) == [f"the dead letter of order-1 {NO_ATTEMPTS}"]
    assert told(*garbled(cause="no JSON", attempts=-1)) != []


def test_what_was_never_tried_may_say_so() -> None:
    assert told(*garbled(cause="no JSON", attempts=0)) == []


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [3, 4, 5])
@pytest.mark.parametrize("fault", [crashed(), crashed("worker-2#1"), faulted("definite")])
def test_a_fault_costs_an_attempt_or_counts_one_that_was_not_made(said: int, fault: Event) -> None:
    assert told(*OWED, *[declined()] * 2, fault, *[declined()] * 2, letter(said)) == []


@pytest.mark.parametrize("said", [2, 6])
def test_one_fault_does_not_cost_two(said: int) -> None:
    events = [*OWED, *[declined()] * 2, crashed(), *[declined()] * 2, letter(said)]
    assert told(*events) == [f"the dead letter of order-1 says {said} attempts, where 4 failed"]
    assert told(faulted(), *events) == []


def test_the_cause_and_the_kind_are_asked_for_whatever_failed() -> None:
    faults = [crashed(), faulted(), faulted()]
    assert told(*OWED, *faults, declined(), put_away(2, attempts=1)) != []
    assert told(*OWED, *faults, declined(), letter(0)) != []


FORKED = [*OWED, delivered(), declined(), SENT_ON, crashed(), requeued()]
"""A crash between a publish and its ack: from here on there are two messages of the order."""


def test_two_dead_letters_of_one_order_account_for_all_attempts_together() -> None:
    assert told(*FORKED, *[declined()] * 7, letter(4, 3), letter(4, 4)) == []
    assert told(*FORKED, *[declined()] * 7, letter(4, 3), letter(3, 4)) == []
    assert told(*FORKED, *[declined()] * 7, letter(4, 3), letter(2, 4)) == [
        "the dead letter of order-1 says 6 attempts, where 8 failed"
    ]


def test_two_dead_letters_that_say_too_little_are_found_where_they_arrived() -> None:
    [found] = find(history(*FORKED, *[declined()] * 7, letter(1, 3), letter(1, 4)))
    assert found.events == (15, 16)


def test_the_same_dead_letter_twice_says_the_same_twice() -> None:
    """A crash between the publish to the dead letters and the ack."""
    first = [*OWED, *[declined()] * 4, letter(4), crashed(), requeued(), declined()]
    assert told(*first, letter(4, 3), settled()) == []


def test_each_of_two_dead_letters_must_say_its_cause() -> None:
    assert told(*FORKED, *[declined()] * 7, letter(4, 3), letter(4, 4, cause="")) == [
        f"the dead letter of order-1 {NO_CAUSE}"
    ]


def test_two_messages_of_a_crash_may_end_in_one_dead_letter() -> None:
    events = [*FORKED, *[declined()] * 4, letter(4, 3), settled(), declined(), declined()]
    assert told(*events, settled(2, queue="later")) == []


# --- several orders ------------------------------------------------------------------------------


def two_orders(first: str, second: str) -> list[Event]:
    return [
        *(promised(), published(1, body=body_of(first)), owed_dead(1, first)),
        *(published(2, body=body_of(second)), owed_dead(2, second)),
        *[declined(first), declined(second)] * 2,
    ]


def arrived(message: int, order: str, **headers: Value) -> Event:
    return put_away(message, order, **headers)


def test_each_order_s_dead_letter_is_judged_by_its_own_attempts() -> None:
    events = two_orders("a", "b")
    good: dict[str, Value] = {"cause": "away", "attempts": 2}
    assert told(*events, arrived(3, "a", **good), arrived(4, "b", **good)) == []
    assert told(*events, arrived(3, "a"), arrived(4, "b", cause="away", attempts=1)) == [
        f"the dead letter of a {NO_CAUSE}",
        "the dead letter of b says 1 attempts, where 2 failed",
    ]


def test_an_order_is_not_mistaken_for_one_whose_name_begins_like_it() -> None:
    events = two_orders("order-1", "order-10")
    away = [arrived(3, "order-10"), arrived(4, "order-1", cause="away", attempts=1)]
    assert [each.split(" says ")[0].split(" has ")[0] for each in told(*events, *away)] == [
        "the dead letter of order-10",
        "the dead letter of order-1",
    ]


def test_a_letter_of_nobody_s_is_nobody_s_business() -> None:
    away = published(7, DEAD, who=WORKER, body=b"hello")
    assert told(*OWED, declined(), letter(1), away) == []


def test_what_waits_elsewhere_is_no_dead_letter_yet() -> None:
    assert told(*OWED, declined(), SENT_ON, dead_lettered(1, "later"), ended()) == []


# --- gone ----------------------------------------------------------------------------------------

NOWHERE = "order-1 is gone and left no dead letter, so nothing says why"


@pytest.mark.parametrize(
    ("events", "positions"),
    [
        ([*OWED, delivered(), declined(), settled()], (5,)),
        ([*OWED, delivered(), declined(), settled(how="dropped")], (5,)),
        ([*OWED, delivered(), declined(), dead_lettered(1)], (5,)),
        ([*OWED, SENT_ON, settled(2, queue="later"), settled()], (5,)),
        ([*OWED, published(2, DEAD, who=WORKER, body=b"order-1"), settled()], (4,)),
    ],
)
def test_an_order_that_is_gone_says_nothing(
    events: list[Event], positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert (found.sentence, found.events) == (NOWHERE, positions)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [published(body=body_of()), owed_dead(), declined(), settled()],
        [published(body=body_of()), owed_dead(), put_away(2)],
        [*OWED, ended()],
        [*OWED, delivered(), declined(), ended()],
        [*OWED, SENT_ON, settled(), ended()],
        [promised(), published(body=body_of()), owed(), settled()],
        [*OWED, declined(), letter(1), settled(), settled(2, queue=DEAD)],
    ],
)  # fmt: skip
def test_an_order_that_is_not_gone_or_left_one_is_not_asked(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_a_dead_letter_arrived() -> None:
    sentence = "no message ever came to orders.dead, so none could lack its cause"
    assert unshown(history(*OWED, settled())) == sentence
    assert unshown(history(*OWED, dead_lettered(1, "later"))) == sentence
    assert unshown(history(*OWED, dead_lettered(1, DEAD))) == ""
    assert unshown(history(*OWED, put_away(2))) == ""
    nowhere = "no message ever came to the dead letters' queue, so none could lack its cause"
    assert unshown(history()) == unshown(history(put_away(2))) == nowhere


@pytest.mark.parametrize(
    ("body", "is_another"),
    [
        (b'{"id": "order-1", "cents": 42}', False),
        (b'{"cents":42,"id":"order-1"}', False),
        (b'{"id": "order-1"}', True),
        (b'{"id": "order-1", "cents": 43}', True),
        (b'{"id": "order-1", "cents": 42, "why": "declined"}', True),
    ],
)
def test_a_dead_letter_is_the_order_as_it_came(body: bytes, is_another: bool) -> None:
    came = published(body=b'{"id": "order-1", "cents": 42}')
    put = published(2, DEAD, who=WORKER, body=body, headers={"cause": "declined", "attempts": 1})
    said = told(promised(), came, owed_dead(), delivered(), declined(), put, settled())
    another = (
        "the dead letter of order-1 is not what came: it has another body, so nobody can send it "
        "again"
    )
    assert said == ([another] if is_another else [])


def test_what_is_no_json_must_be_put_away_byte_for_byte() -> None:
    came = published(body=b'{"id": "order-1')
    put = published(
        2, DEAD, who=WORKER, body=b'{"id": "order-1', headers={"cause": "x", "attempts": 0}
    )
    assert told(promised(), came, owed_dead(), delivered(), put, settled()) == []
