"""The payment gateway's own state: charges, and the idempotency keys they came under."""

from minibroker.sim.clock import Clock
from minibroker.sim.trace import Deduplicated, SideEffect, Trace
from minibroker.sim.values import Value


class KeyConflict(Exception):
    """The key was used for a charge with another order or amount."""


class PaymentLedger:
    """Charges by order. A key and its charge are remembered in the same step."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._charges: list[dict[str, Value]] = []
        self._by_key: dict[str, dict[str, Value]] = {}

    def charge(self, who: str, order: str, cents: int, key: str | None) -> dict[str, Value]:
        """Charge, or give the charge that this key stands for. Raises `KeyConflict`."""
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
