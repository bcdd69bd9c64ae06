"""Services of the shop whose work can be undone: the stock and the shipping.

Each has one call that does something for an order and one that undoes it, its *compensation*. Both
take an idempotency key. What is done under a key is done once: the same request sent again gets the
first answer. What undoes it names **the same key**:

- What was done under the key is undone, once, however often that is asked for.
- If nothing was done under the key, nothing is undone, and the key is void from then on: a
  *tombstone* lies on it.
- Under a key that was undone or voided nothing is done any more: the call raises `RequestVoided`.

So a compensation may be asked for when it is not known whether there is anything to compensate, and
a request that comes late, from a process that was paused, changes nothing after it. (Where the
steps of a saga are called try and cancel, this is known as *empty rollback* and *anti-suspension*:
Alibaba Cloud, "TCC anti-suspension and idempotence integration".) Not every real service leaves
tombstones; where one does not, somebody has to look for late requests afterwards.

Without a key a service knows the order and nothing else. It does what it is told each time it is
told, and undoes what it last did for the order each time it is told.
"""

from collections.abc import Callable
from typing import Any, TypedDict, cast

from minibroker.clients import Asks, NotInSubset
from minibroker.sim.incarnation import Refused


class Reservation(TypedDict):
    """Items on the shelf that are kept for an order."""

    id: str
    order: str
    items: int


class Shipment(TypedDict):
    """A parcel that the carrier will fetch."""

    id: str
    order: str


class ServiceError(Exception):
    """The service did not do what it was asked to; each kind below says what is known."""


class ServiceUnavailable(ServiceError):
    """The service cannot be reached now; nothing was done. Later it may work."""


class ServiceTimeout(ServiceError):
    """No answer came. It was done or not; asking again with the same idempotency key is safe."""


class SoldOut(ServiceError):
    """The stock does not have the items and will not get them; nothing was reserved."""


class NoCarrier(ServiceError):
    """No carrier goes where this order is to go, and none will; nothing was booked."""


class RequestVoided(ServiceError):
    """What this key stands for was undone, before or after it was done; nothing is done now."""


class IdempotencyConflict(ServiceError):
    """The idempotency key was used before, for another order or with another number of items."""


ERRORS: dict[str, type[Exception]] = {
    "ServiceError": ServiceError,
    "ServiceUnavailable": ServiceUnavailable,
    "ServiceTimeout": ServiceTimeout,
    "SoldOut": SoldOut,
    "NoCarrier": NoCarrier,
    "RequestVoided": RequestVoided,
    "IdempotencyConflict": IdempotencyConflict,
    "NotInSubset": NotInSubset,
}


class _Service:
    def __init__(self, boundary: Asks, name: str) -> None:
        self._boundary = boundary
        self._name = name

    def _ask(self, op: str, **args: object) -> object:
        try:
            return self._boundary.ask(self._name, op, **args)
        except Refused as refused:
            raise ERRORS[refused.error](str(refused)) from None


class Stock(_Service):
    """`reserve` items for an order, and `release` them."""

    def reserve(self, order: str, items: int, idempotency_key: str | None = None) -> Reservation:
        """Keep `items` items for `order`, once a key. Raises `SoldOut`, `RequestVoided` and
        `ServiceUnavailable` when nothing was reserved, `ServiceTimeout` when that is not known, and
        `IdempotencyConflict`."""
        found = self._ask("reserve", order=order, items=items, idempotency_key=idempotency_key)
        return cast(Reservation, found)

    def release(self, order: str, idempotency_key: str | None = None) -> Reservation | None:
        """Put back on the shelf what was reserved under this key, once, and give it back; None, and
        the key is void, when nothing was. Without a key it is put back each time. Raises
        `ServiceUnavailable` when nothing was released, `ServiceTimeout` when that is not known, and
        `IdempotencyConflict`."""
        found = self._ask("release", order=order, idempotency_key=idempotency_key)
        return cast("Reservation | None", found)


class Shipping(_Service):
    """`book` a shipment for an order, and `cancel` it."""

    def book(self, order: str, idempotency_key: str | None = None) -> Shipment:
        """Have the parcel of `order` fetched, once a key. Raises `NoCarrier`, `RequestVoided` and
        `ServiceUnavailable` when nothing was booked, `ServiceTimeout` when that is not known, and
        `IdempotencyConflict`."""
        found = self._ask("book", order=order, idempotency_key=idempotency_key)
        return cast(Shipment, found)

    def cancel(self, order: str, idempotency_key: str | None = None) -> Shipment | None:
        """Cancel the shipment that was booked under this key, once, and give it back; None, and the
        key is void, when none was. Without a key the last one of the order is cancelled each time.
        Raises `ServiceUnavailable` when nothing was cancelled, `ServiceTimeout` when that is not
        known, and `IdempotencyConflict`."""
        found = self._ask("cancel", order=order, idempotency_key=idempotency_key)
        return cast("Shipment | None", found)


MAKERS: dict[str, Callable[[Asks], Any]] = {
    "stock": lambda boundary: Stock(boundary, "stock"),
    "shipping": lambda boundary: Shipping(boundary, "shipping"),
}
