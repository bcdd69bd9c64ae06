"""Duplicate effect: what is owed once was done more than once."""

import pytest

from graders.judges.duplicate_effect import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    charged,
    crashed,
    deduplicated,
    delivered,
    history,
    owed,
    published,
    requeued,
    settled,
)

FIRES: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "charged before and after a crash": (
        [
            *(published(), owed(), delivered(), charged(), crashed(), requeued()),
            *(delivered(attempt=2, who="worker#2"), charged(who="worker#2")),
        ],
        "the charge for order-1 was made twice: by worker#1 at 3.000 s, then by worker#2 at "
        "7.000 s",
        (3, 7),
    ),
    "charged for each of two messages": (
        [published(1), owed(1), published(2), owed(2), charged(), settled(1), charged()],
        "the charge for order-1 was made twice: by worker#1 at 4.000 s, then by worker#1 at "
        "6.000 s",
        (4, 6),
    ),
    "charged three times": (
        [published(), owed(), charged(), charged(), charged()],
        "the charge for order-1 was made 3 times: by worker#1 at 2.000 s, then by worker#1 at "
        "3.000 s, then by worker#1 at 4.000 s",
        (2, 3, 4),
    ),
    "charged with a wrong amount and then the right one": (
        [published(), owed(), charged(cents=41), charged()],
        "the charge for order-1 was made twice: by worker#1 at 2.000 s, then by worker#1 at "
        "3.000 s",
        (2, 3),
    ),
    "charged for an order that there is not": (
        [published(), owed(), charged("order-9")],
        "a charge was made for order-9, which no message asked for",
        (2,),
    ),
    "an e-mail for an order that owes a charge": (
        [published(), owed(), charged(), charged(kind="e-mail")],
        "an e-mail was made for order-1, which no message asked for",
        (3,),
    ),
}


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_an_effect_is_a_duplicate(
    events: list[Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert found.anomaly == "duplicate_effect"
    assert found.sentence == sentence
    assert found.events == positions


def test_each_order_is_found_by_itself() -> None:
    found = find(
        history(
            *(published(1), owed(1, "order-1"), published(2), owed(2, "order-2")),
            *(published(3), owed(3, "order-3"), charged("order-2"), charged("order-3")),
            *(charged("order-1"), charged("order-3"), charged("order-2")),
        )
    )
    assert [each.events for each in found] == [(6, 10), (7, 9)]


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "charged once": [published(), owed(), delivered(), charged(), settled()],
    "not charged at all": [published(), owed(), delivered(), settled()],
    "charged once with a wrong amount": [published(), owed(), delivered(), charged(cents=41)],
    "turned away by an idempotency key": [
        *(published(), owed(), delivered(), charged(), crashed(), requeued(), delivered(attempt=2)),
        deduplicated(),
    ],
    "delivered twice and charged once": [
        *(published(), owed(), delivered(), crashed(), requeued(), delivered(attempt=2), charged())
    ],
    "two orders charged once each": [
        *(published(1), owed(1), published(2), owed(2, "order-2"), charged(), charged("order-2"))
    ],
    "two messages that carry one debt": [
        *(published(1), owed(1), published(2), owed(2), charged(), settled(1), settled(2))
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_an_effect_is_no_duplicate(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_something_owed_was_done() -> None:
    sentence = "no charge was ever made, so none could be made twice"
    assert unshown(history(published(), owed())) == sentence
    assert unshown(history(published(), owed(), delivered(), settled())) == sentence
    assert unshown(history(published(), owed(), charged("order-9"))) == sentence
    assert unshown(history(published(), owed(), charged())) == ""
    assert unshown(history(published(), owed(), charged(cents=41))) == ""


def test_where_nothing_is_owed_the_sentence_names_no_kind() -> None:
    assert unshown(history()) == "no side effect was ever made, so none could be made twice"
