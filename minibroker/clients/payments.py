"""A payment gateway, as card processors offer it.

A request may carry an idempotency key: the gateway remembers the key with the charge in one step,
so the same request sent again gets the first answer and charges nothing (Stripe API reference,
"Idempotent requests").

A charge cannot be taken back, but refunded. A refund names **the key of its charge**. What was
charged under it is refunded, once, however often that is asked for. If nothing was, the key is void
from then on, and a charge that comes late under it raises `ChargeVoided`; so a refund may be asked
for when it is not known whether there was a charge. Without a key the gateway refunds the order's
last charge, each time it is told.
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
    """The gateway did not do what it was asked to; each kind below says whether it charged."""


class GatewayUnavailable(PaymentError):
    """The gateway or the bank behind it cannot be reached now; nothing was charged. Later it may
    work."""


class CardDeclined(PaymentError):
    """The bank says no to this card for good; nothing was charged."""


class PaymentTimeout(PaymentError):
    """No answer came. The card may have been charged or not; asking again with the same
    idempotency key is safe."""


class IdempotencyConflict(PaymentError):
    """The idempotency key was used before, for a charge with another order or amount."""


class ChargeVoided(PaymentError):
    """What this idempotency key stands for was refunded, before or after it was charged; nothing is
    charged now."""


ERRORS: dict[str, type[Exception]] = {
    "PaymentError": PaymentError,
    "GatewayUnavailable": GatewayUnavailable,
    "CardDeclined": CardDeclined,
    "PaymentTimeout": PaymentTimeout,
    "IdempotencyConflict": IdempotencyConflict,
    "ChargeVoided": ChargeVoided,
    "NotInSubset": NotInSubset,
}


class Payments:
    """`charge` a card, `refund` a charge, or ask which charges an order has had (`charges`)."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary

    def charge(self, order: str, cents: int, idempotency_key: str | None = None) -> Charge:
        """Charge the card of `order` with `cents`. With a key that the gateway has seen it
        charges nothing and returns the first charge; it raises `IdempotencyConflict` when that
        one was for another order or amount. Raises `CardDeclined`, `ChargeVoided` and
        `GatewayUnavailable` when nothing was charged, `PaymentTimeout` when that is not known."""
        found = self._ask("charge", order=order, cents=cents, idempotency_key=idempotency_key)
        return cast(Charge, found)

    def refund(self, order: str, idempotency_key: str | None = None) -> Charge | None:
        """Refund what was charged under this key, once, and give that charge; None, and the key is
        void, when nothing was. Without a key the order's last charge is refunded each time. Raises
        `GatewayUnavailable` when nothing was refunded, `PaymentTimeout` when that is not known, and
        `IdempotencyConflict` when the key was used for another order."""
        found = self._ask("refund", order=order, idempotency_key=idempotency_key)
        return cast("Charge | None", found)

    def charges(self, order: str) -> list[Charge]:
        """All charges that `order` has had, oldest first, refunded or not."""
        return cast(list[Charge], self._ask("charges", order=order))

    def _ask(self, op: str, **args: object) -> object:
        try:
            return self._boundary.ask("payments", op, **args)
        except Refused as refused:
            raise ERRORS[refused.error](str(refused)) from None


MAKERS: dict[str, Callable[[Asks], Any]] = {"payments": Payments}
