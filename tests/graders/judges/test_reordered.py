"""Reordered: work was done in another order than it came."""

import pytest

from graders.judges.reordered import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import (
    charged,
    crashed,
    declined,
    deduplicated,
    history,
    owed,
)
from tests.graders.judges.logs import (
    appended,
    began,
    decided,
    invoiced,
    ordered,
    owed_record,
    polled,
    truncated,
)

ADA = b"ada"
TWO = ordered("order-1", "order-2", key=ADA)
STANDS = "whose record stands after its own in orders/0, under key ada"


def mailed(order: str = "order-1") -> t.SideEffect:
    return t.SideEffect(at=0, who="worker#1", kind="email", subject=order)


def owes_mail(message: int, order: str) -> t.Owed:
    return t.Owed(at=0, message=message, kind="email", subject=order)


def in_order(*orders: str, kind: str = "charge") -> t.InOrder:
    return t.InOrder(at=0, kind=kind, subjects=list(orders))


FIRES: dict[str, tuple[list[t.Event], str, tuple[int, ...]]] = {
    "put aside and done later": (
        [*TWO, declined("order-1"), charged("order-2"), charged("order-1")],
        f"the charge for order-1 was made after the charge for order-2, {STANDS}",
        (5, 6),
    ),
    "with one between": (
        [*ordered("order-1", "order-2", "order-3", key=ADA), charged("order-1"),
         charged("order-3"), charged("order-2")],
        f"the charge for order-2 was made after the charge for order-3, {STANDS}",
        (7, 8),
    ),
    "another kind for the same order": (
        [appended(1, key=ADA), owed(1), appended(2, 1, key=ADA, value=b"paid"),
         owes_mail(2, "order-1"), mailed(), charged()],
        f"the charge for order-1 was made after the email for order-1, {STANDS}",
        (4, 5),
    ),
    "with another amount than is owed": (
        [*TWO, charged("order-2"), charged("order-1", cents=7)],
        f"the charge for order-1 was made after the charge for order-2, {STANDS}",
        (4, 5),
    ),
    "records": (
        [appended(1, key=ADA), owed_record(1), appended(2, 1, order="order-2", key=ADA),
         owed_record(2, "order-2"), invoiced(8, "order-2"), invoiced(9, "order-1", 1)],
        "the record in invoices for order-1 was made after the record in invoices for order-2, "
        f"{STANDS}",
        (4, 5),
    ),
    "not as the scenario says": (
        [owed(1), owed(2, "order-2"), in_order("order-1", "order-2"), charged("order-2"),
         charged("order-1")],
        "the charge for order-1 was made after the charge for order-2, which was to come after it",
        (3, 4),
    ),
    "published in the wrong order and worked on as it stands": (
        [owed(7), owed(8, "order-2"), in_order("order-1", "order-2"),
         appended(1, order="order-2", who="shop#1", key=ADA),
         appended(2, 1, who="shop#1", key=ADA),
         charged("order-2"), charged("order-1")],
        "the charge for order-1 was made after the charge for order-2, which was to come after it",
        (5, 6),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_something_was_done_too_late(
    events: list[t.Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert (found.anomaly, found.sentence) == ("reordered", sentence)
    assert found.events == positions


def test_what_is_late_is_told_of_once_though_many_came_before_it() -> None:
    three = ordered("order-1", "order-2", "order-3", key=ADA)
    both = [in_order("order-1", "order-2", "order-3"), *three]
    found = find(history(*both, charged("order-2"), charged("order-3"), charged("order-1")))
    assert [each.events[-1] for each in found] == [9]
    turned = find(history(*both, charged("order-3"), charged("order-2"), charged("order-1")))
    assert [each.events[-1] for each in turned] == [8, 9]


QUIET: dict[str, list[t.Event]] = {
    "as it came": [*TWO, charged("order-1"), charged("order-2")],
    "the first once more after the second": [
        *(*TWO, charged("order-1"), charged("order-2"), crashed(), charged("order-1"))
    ],
    "the first once more under its key": [
        *(*TWO, charged("order-1"), charged("order-2"), crashed(), deduplicated("order-1"))
    ],
    "the first never done": [*TWO, declined("order-1"), charged("order-2")],
    "other keys": [
        *(*ordered("order-1", key=ADA), *ordered("order-2", key=b"bob", first=2)),
        *(charged("order-2"), charged("order-1")),
    ],
    "other partitions": [
        *(*ordered("order-1", key=ADA), *ordered("order-2", key=ADA, partition=1, first=2)),
        *(charged("order-2"), charged("order-1")),
    ],
    "no key": [*ordered("order-1", "order-2"), charged("order-2"), charged("order-1")],
    "another kind for another order": [
        *(*TWO, owes_mail(1, "order-1"), owes_mail(2, "order-2")),
        *(charged("order-1"), charged("order-2"), mailed("order-1"), mailed("order-2")),
    ],
    "two things for one record": [
        *(appended(1, key=ADA), owed(1), owes_mail(1, "order-1"), mailed(), charged())
    ],
    "a record that was sent twice": [
        *(*TWO, appended(3, 2, key=ADA), charged("order-1"), charged("order-2"))
    ],
    "published again after the second": [
        *(owed(7), owed(8, "order-2"), in_order("order-1", "order-2")),
        appended(1, who="shop#1", key=ADA),
        appended(2, 1, order="order-2", who="shop#1", key=ADA),
        *(appended(3, 2, who="shop#1", key=ADA), charged("order-1"), charged("order-2")),
    ],
    "before an aborted one": [
        *(owed(7), owed(8, "order-2"), began()),
        *(appended(1, who="shop#1", key=ADA, transaction="tx"), decided("aborted")),
        *(appended(2, 2, order="order-2", who="shop#1", key=ADA), charged("order-2")),
        *(appended(3, 3, who="shop#1", key=ADA), charged("order-1")),
    ],
    "before one that was lost": [
        *(owed(7), owed(8, "order-2"), appended(1, who="shop#1", key=ADA), truncated(1)),
        *(appended(2, 0, order="order-2", who="shop#1", key=ADA), charged("order-2")),
        *(appended(3, 1, who="shop#1", key=ADA), charged("order-1")),
    ],
    "results in another order than the work": [
        *(*ordered("order-1", "order-2"), charged("order-1"), charged("order-2")),
        *(appended(8, 0, "invoices", who="worker#1", order="order-2", key=ADA),),
        *(appended(9, 1, "invoices", who="worker#1", order="order-1", key=ADA),),
    ],
    "as the scenario says": [
        *(owed(1), owed(2, "order-2"), in_order("order-1", "order-2")),
        *(charged("order-1"), charged("order-2"), charged("order-1")),
    ],
    "what the scenario does not speak of": [
        *(owed(1), owed(2, "order-2"), in_order("order-1", "order-2", kind="email")),
        *(charged("order-2"), charged("order-1")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nothing_was_done_too_late(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_two_things_that_have_an_order_were_done() -> None:
    for events in ([], TWO, [*TWO, charged("order-2"), polled()], QUIET["other keys"]):
        assert unshown(history(*events)) == (
            "no two things that have an order were ever done, so none could come before the other"
        )
    assert unshown(history(*QUIET["as it came"])) == ""
    assert unshown(history(*QUIET["as the scenario says"])) == ""
