"""A payment gateway, as card processors offer it.

A charge cannot be taken back. A request may carry an idempotency key: the gateway remembers
the key with the charge in one step, so the same request sent again gets the first answer and
charges nothing (Stripe API reference, "Idempotent requests").
"""

from collections.abc import Callable
from typing import Any, TypedDict, cast

from minibroker.clients import Asks, NotInSubset
from minibroker.sim.incarnation import Refused


class Charge(TypedDict):
    """What the gateway knows of a charge. `cents` is the amount in hundredths."""

    id: str
    order: str
    cents: int


class PaymentError(Exception):
    """The gateway refused the request; nothing was charged by it."""


class IdempotencyConflict(PaymentError):
    """The idempotency key was used before, for a charge with another order or amount."""


ERRORS: dict[str, type[Exception]] = {
    "PaymentError": PaymentError,
    "IdempotencyConflict": IdempotencyConflict,
    "NotInSubset": NotInSubset,
}


class Payments:
    """`charge` a card, or ask which charges an order has had (`charges`)."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary

    def charge(self, order: str, cents: int, idempotency_key: str | None = None) -> Charge:
        """Charge the card of `order` with `cents`. With a key that the gateway has seen it
        charges nothing and returns the first charge; it raises `IdempotencyConflict` when that
        one was for another order or amount."""
        found = self._ask("charge", order=order, cents=cents, idempotency_key=idempotency_key)
        return cast(Charge, found)

    def charges(self, order: str) -> list[Charge]:
        """All charges that `order` has had, oldest first."""
        return cast(list[Charge], self._ask("charges", order=order))

    def _ask(self, op: str, **args: object) -> object:
        try:
            return self._boundary.ask("payments", op, **args)
        except Refused as refused:
            raise ERRORS[refused.error](str(refused)) from None


MAKERS: dict[str, Callable[[Asks], Any]] = {"payments": Payments}
