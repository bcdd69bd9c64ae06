"""The database's own state: tables of rows under unique keys, written in transactions."""

from collections.abc import Sequence

from minibroker.sim.clock import Clock
from minibroker.sim.trace import Committed, Trace
from minibroker.sim.values import Value

Row = dict[str, Value]
Write = tuple[str, str, str, Row]
"""(op, table, key, row) with op one of insert, put, delete."""


class KeyTaken(Exception):
    """An insert under a key that has a row; nothing of the transaction was written."""


class DatabaseLedger:
    """Tables of rows. A commit writes all or nothing."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._tables: dict[str, dict[str, Row]] = {}

    def get(self, table: str, key: str) -> Row | None:
        """The row under a key, or None."""
        return self._tables.get(table, {}).get(key)

    def keys(self, table: str) -> list[str]:
        """All keys of a table, sorted."""
        return sorted(self._tables.get(table, {}))

    def commit(self, who: str, writes: Sequence[Write]) -> None:
        """Write all of `writes`, in order, or raise `KeyTaken` and write none."""
        after = {table: dict(self._tables.get(table, {})) for _, table, _, _ in writes}
        for op, table, key, row in writes:
            if op == "insert" and key in after[table]:
                raise KeyTaken(f"table {table!r} has a row under key {key!r} already")
            if op == "delete":
                after[table].pop(key, None)
            else:
                after[table][key] = row
        self._tables |= after
        self._trace.append(
            Committed(
                at=self._clock.now,
                who=who,
                writes=[[op, table, key, row] for op, table, key, row in writes],
            )
        )
