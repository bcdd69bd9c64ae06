"""What became of each saga: the reading that the judges of compensations share.

A saga is an order that owes several side effects, its steps, or else that those which were made are
undone. Its steps are told by `SagaOwed`, what was made by `SideEffect`, what was undone by
`Compensated`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from minibroker.sim.trace import Compensated, SagaOwed, SideEffect, Trace, Trouble


@dataclass
class Saga:
    """One order: its steps in order, whether one of them is refused for good, and by kind of step
    where in the trace it was made and undone."""

    steps: Sequence[str]
    refused: bool = False
    made: dict[str, list[int]] = field(default_factory=dict)
    undone: dict[str, list[int]] = field(default_factory=dict)

    def stands(self, step: str) -> bool:
        """Whether a step was made and has not been undone as often."""
        return len(self.made.get(step, ())) > len(self.undone.get(step, ()))


def sagas(trace: Trace) -> Mapping[str, Saga]:
    """Every saga by its order, as they came."""
    return _sagas(trace, len(trace))


@lru_cache(maxsize=2)  # one judge after the other reads the same trace
def _sagas(trace: Trace, length: int) -> Mapping[str, Saga]:
    found: dict[str, Saga] = {}
    for owed in trace.of(SagaOwed):
        found.setdefault(owed.subject, Saga(owed.steps))
    for trouble in trace.of(Trouble):
        if trouble.until is None and (saga := found.get(trouble.subject)) is not None:
            saga.refused = trouble.kind in saga.steps
    for position, event in enumerate(trace.events):
        if not isinstance(event, SideEffect | Compensated):
            continue
        if (saga := found.get(event.subject)) is not None:
            side = saga.made if isinstance(event, SideEffect) else saga.undone
            side.setdefault(event.kind, []).append(position)
    return found


def ready(trace: Trace) -> str:
    """Why nothing can be said about compensations in a trace; empty when something can."""
    if trace.of(Compensated):
        return ""
    return "nothing was ever undone, so no compensation was seen"
