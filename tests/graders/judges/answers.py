"""Literal events of those who ask and are told something.

order-1 is owed the answer `PAID` in the table ``answers``, and is told something within 8 s.
Before 20 s nobody can answer, and `PENDING` will do.
"""

from collections.abc import Mapping

from minibroker.sim import trace as t
from minibroker.sim.values import Value
from tests.graders.judges.history import SECOND, WORKER

PENDING: dict[str, Value] = {"status": "pending"}
PAID: dict[str, Value] = {"status": "paid", "cents": 42}
POLICY = t.AnswerPolicy(
    at=0, table="answers", interim=PENDING, patience=8 * SECOND, served=20 * SECOND
)
OWES = t.Owed(at=0, message=1, kind="row in answers", subject="order-1", detail=PAID)


def told(*rows: Mapping[str, Value], order: str = "order-1", who: str = WORKER) -> t.Event:
    """One transaction writes these answers, one after the other."""
    return t.Committed(at=0, who=who, writes=[["put", "answers", order, dict(row)] for row in rows])
