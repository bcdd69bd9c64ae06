"""Answer the payment gateway's and the database's clients.

What a learner may have sent is checked here, once, at the boundary; the ledgers behind it take
what they are given.
"""

from typing import cast

from minibroker.ledgers.database import DatabaseLedger, KeyTaken, Write
from minibroker.ledgers.payments import KeyConflict, PaymentLedger, Refused
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value


class PaymentsAgent:
    """``charge(order, cents, idempotency_key)``, ``refund(order, idempotency_key)`` and
    ``charges(order)``."""

    def __init__(self, ledger: PaymentLedger) -> None:
        self._ledger = ledger

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect."""
        order, cents, key = args.get("order"), args.get("cents"), args.get("idempotency_key")
        if not isinstance(order, str):
            return Refusal("PaymentError", f"an order is named by a str, not by {order!r}")
        if op == "charges":
            return Answer(cast(Value, self._ledger.charges(order)), did="read")
        if op not in ("charge", "refund"):
            return no_such("payments", op)
        if op == "charge" and (not isinstance(cents, int) or isinstance(cents, bool) or cents <= 0):
            return Refusal("PaymentError", f"cents must be an int above 0, not {cents!r}")
        if key is not None and not (isinstance(key, str) and key):
            return Refusal("PaymentError", f"an idempotency key is a str, not {key!r}")
        try:
            if op == "refund":
                return Answer(cast(Value, self._ledger.refund(caller.label, order, key)))
            charge = self._ledger.charge(caller.label, order, cast(int, cents), key)
            answer = Answer(cast(Value, charge))
            slow = self._ledger.answers(order)
            return answer if slow is None else Wait(lambda: None, slow, answer)
        except KeyConflict as conflict:
            return Refusal("IdempotencyConflict", str(conflict))
        except Refused as refused:
            return Refusal(refused.error, str(refused), did="changed")  # an attempt was made

    def lost(self, caller: Caller) -> None:
        """The gateway keeps nothing for a connection."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """The gateway does not mind."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Refusal | None:
        """A charge that happened may go unanswered; one that did not is said to have not. A refund
        likewise."""
        what = "the charge was refunded" if op == "refund" else "the card was charged"
        if happened:
            return Refusal(
                "PaymentTimeout",
                f"the gateway did not answer in time; whether {what} is not known",
                did="changed",
            )
        nothing = f"nothing was {'refunded' if op == 'refund' else 'charged'}"
        return Refusal(
            "GatewayUnavailable", f"the gateway cannot be reached; {nothing}", did="read"
        )

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """The gateway hands out nothing."""
        return False


class DatabaseAgent:
    """``get(table, key)``, ``keys(table)`` and ``commit(writes)``."""

    def __init__(self, ledger: DatabaseLedger) -> None:
        self._ledger = ledger

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect."""
        if op == "commit":
            return self._commit(caller, args.get("writes"))
        table, key = args.get("table"), args.get("key")
        if not isinstance(table, str):
            return Refusal("DatabaseError", f"a table is named by a str, not by {table!r}")
        if op == "keys":
            return Answer(cast(Value, self._ledger.keys(table)), did="read")
        if op != "get":
            return no_such("database", op)
        if not isinstance(key, str):
            return Refusal("DatabaseError", f"a key is a str, not {key!r}")
        return Answer(self._ledger.get(table, key), did="read")

    def _commit(self, caller: Caller, writes: Value) -> Reply:
        if not isinstance(writes, list) or not all(map(_is_write, writes)):
            return Refusal(
                "DatabaseError", "tables and keys are str and a row is a dict with str keys"
            )
        try:
            self._ledger.commit(
                caller.label, [cast(Write, tuple(cast("list[Value]", w))) for w in writes]
            )
        except KeyTaken as taken:
            return Refusal("UniqueViolation", str(taken))
        return Answer(None)

    def lost(self, caller: Caller) -> None:
        """An open transaction lives in the client, so there is nothing to roll back."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """The database does not mind."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Refusal | None:
        """The connection is lost in the call; from the error alone the caller cannot tell whether
        a commit was written."""
        return Refusal(
            "OperationalError",
            "the connection to the database was lost; whether a commit was written is not known",
            did="changed" if happened else "read",
        )

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """The database hands out nothing."""
        return False


def _is_write(write: Value) -> bool:
    match write:
        case ["insert" | "put" | "delete", str(), str(), dict()]:
            return True
    return False
