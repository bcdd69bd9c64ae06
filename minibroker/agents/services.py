"""Answers the clients of the services whose work can be undone: the stock and the shipping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from minibroker.ledgers.services import KeyConflict, Offer, Refused, ServiceLedger
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.trace import Trace
from minibroker.sim.values import Value


@dataclass(frozen=True)
class Service:
    """A service as its client sees it: its name at the boundary, the operations that do and undo,
    the details that the first takes (whole numbers above 0), and what it does."""

    name: str
    do: str
    undo: str
    offer: Offer
    details: tuple[str, ...] = ()


RESERVATION = Offer("reservation", "rs", "release", "RequestVoided")
STOCK = Service("stock", "reserve", "release", RESERVATION, ("items",))
SHIPMENT = Offer("shipment", "sh", "cancellation", "RequestVoided")
SHIPPING = Service("shipping", "book", "cancel", SHIPMENT)
SERVICES = (STOCK, SHIPPING)


def ledgers(clock: Clock, trace: Trace) -> dict[str, ServiceLedger]:
    """A fresh ledger for each service, by the service's name."""
    return {each.name: ServiceLedger(clock, trace, each.offer) for each in SERVICES}


def agents(ledgers: Mapping[str, ServiceLedger]) -> dict[str, "ServiceAgent"]:
    """The agent of each service, by the service's name."""
    return {each.name: ServiceAgent(each, ledgers[each.name]) for each in SERVICES}


class ServiceAgent:
    """One operation that does and one that undoes, both by order and idempotency key."""

    def __init__(self, service: Service, ledger: ServiceLedger) -> None:
        self._service = service
        self._ledger = ledger

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect."""
        service = self._service
        if op not in (service.do, service.undo):
            return no_such(service.name, op)
        order, key = args.get("order"), args.get("idempotency_key")
        if not isinstance(order, str):
            return Refusal("ServiceError", f"an order is named by a str, not by {order!r}")
        if key is not None and not (isinstance(key, str) and key):
            return Refusal("ServiceError", f"an idempotency key is a str, not {key!r}")
        detail: dict[str, Value] = {}
        for name in service.details if op == service.do else ():
            value = detail[name] = args.get(name)
            if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
                return Refusal("ServiceError", f"{name} must be an int above 0, not {value!r}")
        try:
            if op == service.do:
                return Answer(cast(Value, self._ledger.do(caller.label, order, detail, key)))
            return Answer(cast(Value, self._ledger.undo(caller.label, order, key)))
        except KeyConflict as conflict:
            return Refusal("IdempotencyConflict", str(conflict))
        except Refused as refused:
            return Refusal(refused.error, str(refused), did="changed")  # an attempt was made

    def lost(self, caller: Caller) -> None:
        """A service keeps nothing for a connection."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """A service does not mind."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Refusal | None:
        """What happened may go unanswered; what did not is said to have not."""
        if happened:
            return Refusal(
                "ServiceTimeout",
                f"the {self._service.name} service did not answer {op} in time; whether it was "
                "done is not known",
                did="changed",
            )
        return Refusal(
            "ServiceUnavailable",
            f"the {self._service.name} service cannot be reached; {op} was not done",
            did="read",
        )

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """A service hands out nothing."""
        return False
