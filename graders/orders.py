"""The rules of an order's life, as judges replay it from its events.

    new --placed--> placed --paid--> paid --shipped--> shipped
                    placed --cancelled--> cancelled
                                     paid --refunded--> refunded --cancelled--> cancelled

`placed` and `item_added` bring an amount each; `paid` and `refunded` name the sum of them all. A
command that the order is in no state for is refused: it has no event.

>>> order = replay([{"type": "placed", "cents": 900}, {"type": "item_added", "cents": 100}])
>>> order
Order(status='placed', cents=1000)
>>> why_not(order, {"type": "paid", "cents": 900})
'names 9.00, where the order comes to 10.00'
>>> why_not(order, {"type": "shipped"})
'cannot be: the order is placed'
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minibroker.sim.values import Value

Content = Mapping[str, Value]
"""An event's fields."""


@dataclass(frozen=True)
class Order:
    """What the events so far amount to."""

    status: str = "new"
    cents: int = 0


NEXT: Mapping[tuple[str, str], str] = {
    ("new", "placed"): "placed",
    ("placed", "item_added"): "placed",
    ("placed", "paid"): "paid",
    ("paid", "shipped"): "shipped",
    ("placed", "cancelled"): "cancelled",
    ("paid", "refunded"): "refunded",
    ("refunded", "cancelled"): "cancelled",
}
"""(status, type of an event) to the status that follows; what is not here cannot be."""

YIELDS: Mapping[str, frozenset[str]] = {
    "place": frozenset({"placed"}),
    "add": frozenset({"item_added"}),
    "pay": frozenset({"paid"}),
    "ship": frozenset({"shipped"}),
    "cancel": frozenset({"refunded", "cancelled"}),
}
"""The types of event that a command may have."""

MIDWAY = "refunded"
"""The status between two events of one command: no order is left in it."""

_BRINGS = frozenset({"placed", "item_added"})
_NAMES_THE_SUM = frozenset({"paid", "refunded"})
_IN_STATUS = {"place": "new", "add": "placed", "pay": "placed", "ship": "paid"}


def why_not(order: Order, event: Content) -> str:
    """Why this event cannot follow, to complete "its event paid ..."; empty when it can."""
    kind, cents = str(event.get("type")), event.get("cents")
    if (order.status, kind) not in NEXT:
        return f"cannot be: the order is {order.status}"
    if kind in _BRINGS and (type(cents) is not int or cents <= 0):
        return "has no amount in cents"
    if kind in _NAMES_THE_SUM and cents != order.cents:
        said = f"names {cents / 100:.2f}" if type(cents) is int else "names no amount"
        return f"{said}, where the order comes to {order.cents / 100:.2f}"
    return ""


def after(order: Order, event: Content) -> Order:
    """The order after an event that may follow."""
    kind, cents = str(event.get("type")), event.get("cents")
    brought = cents if kind in _BRINGS and type(cents) is int else 0
    return Order(NEXT[order.status, kind], order.cents + brought)


def replay(events: Iterable[Content]) -> Order | None:
    """What these events amount to; None when one of them cannot follow."""
    order = Order()
    for event in events:
        if why_not(order, event):
            return None
        order = after(order, event)
    return order


def accepts(order: Order, do: str) -> bool:
    """Whether a command is carried out by an order in this state, or refused."""
    if do == "cancel":
        return order.status in ("placed", "paid")
    return order.status == _IN_STATUS.get(do)
