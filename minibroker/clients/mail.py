"""A mail gateway, as e-mail services offer it over HTTP.

An e-mail that was sent cannot be called back. A request may carry an idempotency key: the gateway
remembers it with the e-mail in one step, so the same request sent again gets the first answer and
sends nothing (Resend, "Idempotency Keys").
"""

from collections.abc import Callable
from typing import Any, TypedDict, cast

from minibroker.clients import Asks, NotInSubset
from minibroker.sim.incarnation import Refused


class Email(TypedDict):
    """What the gateway knows of an e-mail."""

    id: str
    order: str
    text: str


class MailError(Exception):
    """The gateway did not do what it was asked to; each kind below says whether it sent."""


class MailUnavailable(MailError):
    """The gateway cannot be reached now; nothing was sent. Later it may work."""


class MailTimeout(MailError):
    """No answer came. The e-mail may have been sent or not; asking again with the same idempotency
    key is safe."""


ERRORS: dict[str, type[Exception]] = {
    "MailError": MailError,
    "MailUnavailable": MailUnavailable,
    "MailTimeout": MailTimeout,
    "NotInSubset": NotInSubset,
}


class Mail:
    """`send` an e-mail."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary

    def send(self, order: str, text: str, idempotency_key: str | None = None) -> Email:
        """Send the customer of `order` an e-mail. With a key that the gateway has seen it sends
        nothing and returns the first e-mail. Raises `MailUnavailable` when nothing was sent,
        `MailTimeout` when that is not known, and `MailError` when the key was used for another
        order."""
        try:
            found = self._boundary.ask(
                "mail", "send", order=order, text=text, idempotency_key=idempotency_key
            )
        except Refused as refused:
            raise ERRORS[refused.error](str(refused)) from None
        return cast(Email, found)


MAKERS: dict[str, Callable[[Asks], Any]] = {"mail": Mail}
