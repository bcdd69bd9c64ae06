"""Invariant violation: an event that cannot follow from those before it."""

import pytest

from graders.judges.invariant_violation import find, unshown
from minibroker.sim.values import Value
from tests.graders.judges.store import (
    ADDED,
    PAID,
    PLACED,
    SHIPPED,
    TWO,
    appended,
    event,
    store_of,
)


def sentences(*rows: dict[str, Value]) -> list[str]:
    return [each.sentence for each in find(store_of(*(appended(row) for row in rows)))]


def test_an_order_that_is_placed_paid_and_shipped_keeps_the_rules() -> None:
    assert sentences(PLACED, ADDED, PAID, SHIPPED) == []


def test_an_order_that_is_paid_and_cancelled_is_refunded_before() -> None:
    back, gone = event(4, "refunded"), event(5, "cancelled")
    assert sentences(PLACED, ADDED, PAID, back, gone) == []
    assert sentences(PLACED, event(2, "cancelled")) == []


def test_a_shipping_that_was_decided_before_a_cancellation_breaks_them() -> None:
    trace = store_of(
        appended(PLACED, ADDED, PAID),
        appended(event(4, "refunded"), event(5, "cancelled")),
        appended(event(6, "shipped"), who=TWO),
    )
    [found] = find(trace)
    assert found.anomaly == "invariant_violation"
    assert found.sentence == (
        "shipped for ship-1, event 6 of order-1, cannot be: the order is cancelled; handle-2#1 "
        "decided on something else"
    )
    assert found.events == (2, 3)


def test_a_payment_names_what_the_items_come_to() -> None:
    assert sentences(PLACED, ADDED, event(3, "paid", cents=900)) == [
        "paid for pay-1, event 3 of order-1, names 9.00, where the order comes to 10.00; "
        "handle-1#1 decided on something else"
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (event(2, "placed"), "cannot be: the order is placed"),
        (event(2, "shipped"), "cannot be: the order is placed"),
        (event(2, "refunded"), "cannot be: the order is placed"),
        (event(2, "item_added", cents=None), "has no amount in cents"),
        (event(2, "item_added", cents=0), "has no amount in cents"),
        (event(2, "paid", cents=None), "names no amount, where the order comes to 9.00"),
        (event(2, "lost"), "cannot be: the order is placed"),
    ],
)
def test_what_cannot_follow_breaks_them(row: dict[str, Value], why: str) -> None:
    [sentence] = sentences(PLACED, row)
    assert f"event 2 of order-1, {why}; " in sentence


def test_an_order_is_paid_once() -> None:
    assert len(sentences(PLACED, event(2, "paid", cents=900), event(3, "paid", cents=900))) == 1


def test_nothing_is_shown_without_an_event() -> None:
    assert unshown(store_of(appended(PLACED))) == ""
    assert unshown(store_of()) != ""
