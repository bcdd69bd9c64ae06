"""The payment gateway's own state: charges, refunds, and the idempotency keys they came under."""

from minibroker.ledgers.services import (
    KeyConflict,
    Offer,
    Record,
    Refused,
    ServiceLedger,
    Trouble,
)
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Trace

__all__ = ["KeyConflict", "PaymentLedger", "Refused", "Trouble"]


class PaymentLedger(ServiceLedger):
    """Charges by order. A key and its charge are remembered in the same step."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        super().__init__(clock, trace, Offer("charge", "ch", "refund", "ChargeVoided"))
        self._takes: dict[str, int] = {}
        self._answered: dict[str, int] = {}

    def slow(self, order: str, takes: int) -> None:
        """From now on the bank of `order` takes so long (microseconds) to answer a charge."""
        self._takes[order] = takes

    def answers(self, order: str) -> int | None:
        """When the bank answers the last charge of `order` (virtual time in microseconds); None
        when it has."""
        when = self._answered.get(order, 0)
        return when if when > self._clock.now else None

    def charge(self, who: str, order: str, cents: int, key: str | None) -> Record:
        """Charge, or give the charge that this key stands for. Raises `KeyConflict`, and
        `Refused` when the bank has trouble, after which the key is free as before, or when the
        key is void. Nobody has the answer before `answers` says so, whoever asks."""
        before = len(self._all)
        record = self.do(who, order, {"cents": cents}, key)
        if len(self._all) > before and order in self._takes:
            self._answered[order] = self._clock.now + self._takes[order]
        return record

    def refund(self, who: str, order: str, key: str | None) -> Record | None:
        """Pay back the charge that this key stands for, or void the key; see `undo`."""
        return self.undo(who, order, key)

    def charges(self, order: str) -> list[Record]:
        """All charges of one order, oldest first."""
        return self.all_of(order)
