"""The payment gateway's own state: charges, and the idempotency keys they came under."""

from dataclasses import dataclass

from minibroker.sim.clock import Clock
from minibroker.sim.trace import Declined, Deduplicated, SideEffect, Trace
from minibroker.sim.values import Value


class KeyConflict(Exception):
    """The key was used for a charge with another order or amount."""


class Refused(Exception):
    """The bank does not charge this card; `error` is the client's exception for it."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error


@dataclass(frozen=True)
class Trouble:
    """Why an order cannot be charged before virtual time `until` (microseconds; None: never)."""

    error: str
    text: str
    until: int | None = None


class PaymentLedger:
    """Charges by order. A key and its charge are remembered in the same step."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._charges: list[dict[str, Value]] = []
        self._by_key: dict[str, dict[str, Value]] = {}
        self._troubles: dict[str, Trouble] = {}

    def trouble(self, order: str, trouble: Trouble | None) -> None:
        """From now on the bank of `order` has this trouble, or none any more."""
        self._troubles.pop(order, None)
        if trouble is not None:
            self._troubles[order] = trouble

    def charge(self, who: str, order: str, cents: int, key: str | None) -> dict[str, Value]:
        """Charge, or give the charge that this key stands for. Raises `KeyConflict`, and
        `Refused` when the bank has trouble, after which the key is free as before."""
        if key is not None and (first := self._by_key.get(key)) is not None:
            if (first["order"], first["cents"]) != (order, cents):
                raise KeyConflict(
                    f"idempotency key {key!r} was used for {first['order']!r} and "
                    f"{first['cents']!r} cents, not for {order!r} and {cents}"
                )
            self._trace.append(
                Deduplicated(at=self._clock.now, who=who, kind="charge", subject=order, key=key)
            )
            return first
        trouble = self._troubles.get(order)
        if trouble is not None and (trouble.until is None or self._clock.now < trouble.until):
            self._trace.append(
                Declined(
                    at=self._clock.now, who=who, kind="charge", subject=order, error=trouble.error
                )
            )
            raise Refused(trouble.error, trouble.text)
        charge: dict[str, Value] = {
            "id": f"ch_{len(self._charges) + 1}",
            "order": order,
            "cents": cents,
        }
        self._charges.append(charge)
        if key is not None:
            self._by_key[key] = charge
        self._trace.append(
            SideEffect(
                at=self._clock.now,
                who=who,
                kind="charge",
                subject=order,
                detail={"cents": cents},
            )
        )
        return charge

    def charges(self, order: str) -> list[dict[str, Value]]:
        """All charges of one order, oldest first."""
        return [charge for charge in self._charges if charge["order"] == order]
