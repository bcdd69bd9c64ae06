"""Answers the mail gateway's client."""

from typing import cast

from minibroker.ledgers.mail import KeyUsed, MailLedger
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value


class MailAgent:
    """``send(order, text, idempotency_key)``."""

    def __init__(self, ledger: MailLedger) -> None:
        self._ledger = ledger

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect."""
        order, text, key = args.get("order"), args.get("text"), args.get("idempotency_key")
        if op != "send":
            return no_such("mail", op)
        if not isinstance(order, str):
            return Refusal("MailError", f"an order is named by a str, not by {order!r}")
        if not isinstance(text, str):
            return Refusal("MailError", f"the text of an e-mail is a str, not {text!r}")
        if key is not None and not (isinstance(key, str) and key):
            return Refusal("MailError", f"an idempotency key is a str, not {key!r}")
        try:
            return Answer(cast(Value, self._ledger.send(caller.label, order, text, key)))
        except KeyUsed as used:
            return Refusal("MailError", str(used))

    def lost(self, caller: Caller) -> None:
        """The gateway keeps nothing for a connection."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """The gateway does not mind."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Reply | None:
        """An e-mail that was sent may go unanswered; one that was not is said to have not."""
        if happened:
            return Refusal(
                "MailTimeout",
                "the mail gateway did not answer in time; whether the e-mail was sent is not known",
                did="changed",
            )
        return Refusal("MailUnavailable", "the mail gateway cannot be reached; nothing was sent")

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """The gateway hands out nothing."""
        return False
