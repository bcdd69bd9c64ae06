"""What is owed and what was done about it: the reading that several judges share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from minibroker.sim.trace import (
    Delivered,
    Event,
    Owed,
    Published,
    Requeued,
    Settled,
    SideEffect,
    Trace,
)
from minibroker.sim.values import Value

Subject: TypeAlias = tuple[str, str]
"""(kind, subject) of a side effect, such as ("charge", "order-1")."""


@dataclass
class Debt:
    """One thing owed: the messages that carry it, and the side effects it has had.

    `done` are those with the detail that is owed, `other` those with another; both are
    (position in the trace, event).
    """

    detail: dict[str, Value]
    messages: list[int] = field(default_factory=list)
    done: list[tuple[int, SideEffect]] = field(default_factory=list)
    other: list[tuple[int, SideEffect]] = field(default_factory=list)


def debts(trace: Trace) -> Mapping[Subject, Debt]:
    """Everything owed in a trace, in the order it came to be owed."""
    return _debts(trace, len(trace))


@lru_cache(maxsize=2)  # one judge after the other reads the same trace
def _debts(trace: Trace, length: int) -> Mapping[Subject, Debt]:
    found: dict[Subject, Debt] = {}
    for position, event in enumerate(trace.events):
        kind = type(event)  # twice as fast as isinstance, in the innermost loop of all judging
        if kind is not Owed and kind is not SideEffect:
            continue
        if isinstance(event, Owed):
            debt = found.setdefault((event.kind, event.subject), Debt(event.detail))
            debt.messages.append(event.message)
        elif isinstance(event, SideEffect):
            owed = found.get((event.kind, event.subject))
            if owed is not None:
                side = owed.done if event.detail == owed.detail else owed.other
                side.append((position, event))
    return found


Copy: TypeAlias = tuple[str, int]
"""(queue, message): one message in one queue."""


def last_of_each_copy(trace: Trace) -> Mapping[Copy, tuple[int, Event]]:
    """For every copy of a message, the last thing that happened to it: (position, event).

    `Published` means that it is still waiting, `Delivered` that it was handed out and never
    settled, `Requeued` that it waits again, `Settled` that it is gone.
    """
    return _last_of_each_copy(trace, len(trace))


@lru_cache(maxsize=2)
def _last_of_each_copy(trace: Trace, length: int) -> Mapping[Copy, tuple[int, Event]]:
    last: dict[Copy, tuple[int, Event]] = {}
    for position, event in enumerate(trace.events):
        if type(event) not in _MOVES:
            continue
        if isinstance(event, Published):
            for queue in event.queues:
                last[queue, event.message] = position, event
        elif isinstance(event, Delivered | Requeued | Settled):
            last[event.queue, event.message] = position, event
    return last


_MOVES = frozenset({Published, Delivered, Requeued, Settled})
