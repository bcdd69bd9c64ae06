"""Literal events of a saga of three steps: a reservation, a charge and a shipment."""

from minibroker.sim import trace as t

STEPS = ["reservation", "charge", "shipment"]
UNDOES = {"reservation": "release", "charge": "refund", "shipment": "cancellation"}


def saga(order: str = "order-1", message: int = 1) -> t.SagaOwed:
    return t.SagaOwed(at=0, message=message, subject=order, steps=STEPS)


def did(step: str, order: str = "order-1", who: str = "worker#1") -> t.SideEffect:
    return t.SideEffect(at=0, who=who, kind=step, subject=order)


def undid(step: str, order: str = "order-1", who: str = "worker#1") -> t.Compensated:
    return t.Compensated(at=0, who=who, kind=step, subject=order, by=UNDOES[step])


def voided(step: str, order: str = "order-1") -> t.Voided:
    return t.Voided(at=0, who="worker#1", kind=step, subject=order, key=order)


def refused(step: str, order: str = "order-1", until: int | None = None) -> t.Trouble:
    """A step of the order is refused, for good or until a moment."""
    return t.Trouble(at=0, kind=step, subject=order, error="NoCarrier", until=until)
