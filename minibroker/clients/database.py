"""A small database: tables of rows under unique keys, and transactions.

It survives crashes; a process's memory does not. Each call outside a transaction commits by
itself. In a transaction the writes are kept by the client and committed together as one step:
all of them, or none when one of them breaks a unique key or the process dies first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from minibroker.clients import Asks, NotInSubset
from minibroker.sim.incarnation import Refused
from minibroker.sim.values import Value, crossing

Row = dict[str, Value]


class DatabaseError(Exception):
    """The database refused the request; nothing of it was written (but see
    `OperationalError`)."""


class UniqueViolation(DatabaseError):
    """There is a row under this key already."""


class OperationalError(DatabaseError):
    """The connection was lost in the call: what was to be written may be there or not."""


ERRORS: dict[str, type[Exception]] = {
    "OperationalError": OperationalError,
    "DatabaseError": DatabaseError,
    "UniqueViolation": UniqueViolation,
    "NotInSubset": NotInSubset,
}


class Writes:
    """What can be written, in a transaction or by itself."""

    def insert(self, table: str, key: str, row: Row | None = None) -> None:
        """Add a row; raises `UniqueViolation` when the key is taken (in a transaction: when it
        commits)."""
        self._write("insert", table, key, row or {})

    def put(self, table: str, key: str, row: Row | None = None) -> None:
        """Write a row, whether or not there is one under this key."""
        self._write("put", table, key, row or {})

    def delete(self, table: str, key: str) -> None:
        """Remove a row; does nothing when there is none."""
        self._write("delete", table, key, {})

    def _write(self, op: str, table: str, key: str, row: Row) -> None:
        raise NotImplementedError


class Transaction(Writes):
    """The writes of one transaction, on their way."""

    def __init__(self) -> None:
        self.writes: list[list[object]] = []

    def _write(self, op: str, table: str, key: str, row: Row) -> None:
        # Copied now: what the process does to the row afterwards is another write.
        self.writes.append([op, table, key, crossing(row)])


class Database(Writes):
    """`insert`, `put`, `delete`, `get`, `keys`, and `transaction()`."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary

    def get(self, table: str, key: str) -> Row | None:
        """The row under a key, or None."""
        return cast("Row | None", self._ask("get", table=table, key=key))

    def keys(self, table: str) -> list[str]:
        """All keys of a table, sorted."""
        return cast(list[str], self._ask("keys", table=table))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit all writes of the block together when it ends; none when it raises."""
        transaction = Transaction()
        yield transaction
        if transaction.writes:
            self._ask("commit", writes=transaction.writes)

    def _write(self, op: str, table: str, key: str, row: Row) -> None:
        self._ask("commit", writes=[[op, table, key, row]])

    def _ask(self, op: str, **args: object) -> object:
        try:
            return self._boundary.ask("database", op, **args)
        except Refused as refused:
            raise ERRORS[refused.error](str(refused)) from None


MAKERS: dict[str, Callable[[Asks], Any]] = {"database": Database}
