"""The rules of an order's life."""

import itertools

import pytest

from graders.orders import MIDWAY, NEXT, YIELDS, Order, accepts, after, replay, why_not
from minibroker.sim.values import Value

CENTS = {"placed": 900, "item_added": 100}


def life(*kinds: str) -> list[dict[str, Value]]:
    """Events of these types, with the amounts that the rules ask for."""
    events: list[dict[str, Value]] = []
    total = 0
    for kind in kinds:
        total += CENTS.get(kind, 0)
        events.append({"type": kind, "cents": CENTS.get(kind, total)})
    return events


@pytest.mark.parametrize(
    ("kinds", "order"),
    [
        ((), Order("new", 0)),
        (("placed",), Order("placed", 900)),
        (("placed", "item_added", "item_added"), Order("placed", 1100)),
        (("placed", "item_added", "paid"), Order("paid", 1000)),
        (("placed", "paid", "shipped"), Order("shipped", 900)),
        (("placed", "cancelled"), Order("cancelled", 900)),
        (("placed", "paid", "refunded", "cancelled"), Order("cancelled", 900)),
    ],
)
def test_a_life_that_can_be_ends_in_its_last_status(kinds: tuple[str, ...], order: Order) -> None:
    assert replay(life(*kinds)) == order


@pytest.mark.parametrize(
    "kinds",
    [
        ("paid",),
        ("placed", "placed"),
        ("placed", "shipped"),
        ("placed", "paid", "item_added"),
        ("placed", "paid", "paid"),
        ("placed", "paid", "cancelled"),
        ("placed", "cancelled", "paid"),
        ("placed", "paid", "shipped", "refunded"),
    ],
)
def test_a_life_that_cannot_be_amounts_to_nothing(kinds: tuple[str, ...]) -> None:
    assert replay(life(*kinds)) is None


def test_a_command_is_accepted_where_one_of_its_events_may_follow() -> None:
    statuses = {status for pair in NEXT for status in (pair[0], NEXT[pair])} - {MIDWAY}
    for status, (do, kinds) in itertools.product(statuses, YIELDS.items()):
        may_follow = any((status, kind) in NEXT for kind in kinds)
        assert accepts(Order(status, 900), do) is may_follow


def test_a_command_that_is_none_is_refused() -> None:
    assert not accepts(Order("placed", 900), "lose")


def test_an_amount_is_a_number_of_cents() -> None:
    for cents in (None, "900", 0, -1, True):
        assert why_not(Order(), {"type": "placed", "cents": cents}) == "has no amount in cents"
    assert after(Order(), {"type": "placed", "cents": 1}) == Order("placed", 1)
