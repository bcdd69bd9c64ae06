"""What a process made of the records it was handed: the reading that judges of logs share.

An effect is a side effect, a record that a process appended and that counts, or a row that is owed.
What made it is taken to be the record about its subject that the same process was handed last
before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from graders.judges.debts import RECORD, ROW, debts
from graders.judges.records import log, names
from minibroker.sim.trace import Appended, Committed, Event, Polled, SideEffect, Trace


@dataclass(frozen=True, slots=True)
class Effect:
    """One that counts, at `position` in the trace."""

    position: int
    who: str
    kind: str
    subject: str
    event: Event

    def __str__(self) -> str:
        return f"the {self.kind} for {self.subject}"


def effects(trace: Trace) -> Sequence[Effect]:
    """All of them, in order."""
    return _effects(trace, len(trace))


@lru_cache(maxsize=2)
def _effects(trace: Trace, length: int) -> Sequence[Effect]:
    owed, records = debts(trace), log(trace).records
    found = []
    for position, event in enumerate(trace.events):
        if isinstance(event, SideEffect):
            found.append(Effect(position, event.who, event.kind, event.subject, event))
        elif isinstance(event, Appended):
            about = _about(trace, len(trace)).get(event.message)
            if about and event.who != "scenario" and records[event.message].counts:
                kind = f"{RECORD} {event.topic}"
                found.append(Effect(position, event.who, kind, about[0], event))
        elif isinstance(event, Committed) and event.who != "scenario":
            for op, table, key, *_ in cast("list[list[str]]", event.writes):
                if op != "delete" and (f"{ROW} {table}", key) in owed:
                    found.append(Effect(position, event.who, f"{ROW} {table}", key, event))
    return found


def cause(trace: Trace, effect: Effect) -> tuple[int, Polled] | None:
    """The record that an effect was made from, as it was handed out: (position, event)."""
    handed = _handed(trace, len(trace)).get((effect.who, effect.subject), ())
    before = [each for each in handed if each[0] < effect.position]
    return before[-1] if before else None


@lru_cache(maxsize=2)
def _handed(trace: Trace, length: int) -> Mapping[tuple[str, str], Sequence[tuple[int, Polled]]]:
    """What each process was handed about each subject, in order."""
    about = _about(trace, length)
    found: dict[tuple[str, str], list[tuple[int, Polled]]] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, Polled):
            for name in about.get(event.message, ()):
                found.setdefault((event.who, name), []).append((position, event))
    return found


@lru_cache(maxsize=2)
def _about(trace: Trace, length: int) -> Mapping[int, Sequence[str]]:
    """What each record may be about, best guess first: what it owes, else what it names."""
    found: dict[int, list[str]] = {}
    for (_, subject), debt in debts(trace).items():
        for message in debt.messages:
            if subject not in (known := found.setdefault(message, [])):
                known.append(subject)
    for message, record in log(trace).records.items():
        if message not in found:
            found[message] = list(names(record.event.key, record.event.value))
    return found
