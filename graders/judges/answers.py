"""What those who asked were told: the reading that judges of answers share.

An answer is a row in the table of the scenario's `AnswerPolicy`, under the subject that somebody
asked about. One that says what the policy calls interim is no answer yet.
"""

from dataclasses import dataclass, field
from typing import cast

from graders.judges.debts import ROW, Debt, debts, rows, says, text
from minibroker.sim.trace import AnswerPolicy, Committed, Trace
from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, at `position` in the trace and at a time in microseconds. `right` says that it is
    what is owed, `interim` that it is no answer yet."""

    position: int
    at: int
    who: str
    row: dict[str, Value]
    right: bool
    interim: bool

    def __str__(self) -> str:
        return text(self.row) or "an empty row"


@dataclass(frozen=True, slots=True)
class Asked:
    """One subject that somebody asked about, and what was told, in order."""

    subject: str
    debt: Debt
    told: list[Told] = field(default_factory=list)


def policy(trace: Trace) -> AnswerPolicy | None:
    """What is promised to those who ask, if anything is."""
    found = trace.of(AnswerPolicy)
    return found[0] if found else None


def asked(trace: Trace) -> list[Asked]:
    """All that somebody asked about, in the order that it came."""
    promised = policy(trace)
    if promised is None:
        return []
    kind = f"{ROW} {promised.table}"
    found = []
    for (owed, subject), debt in debts(trace).items():
        if owed != kind:
            continue
        asks = Asked(subject, debt)
        for position, event in sorted(debt.done + debt.other, key=lambda each: each[0]):
            made = cast(Committed, event)
            for row in rows(made, promised.table, subject):
                right, interim = says(row, debt.detail), says(row, promised.interim)
                told = Told(position, made.at, made.who, row, right, interim)
                if told not in asks.told:  # two rows of one transaction are in the debt twice
                    asks.told.append(told)
        found.append(asks)
    return found
