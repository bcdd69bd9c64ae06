"""Faults, and the plan of faults that one run suffers.

A fault stands at an effect, named by its number in the run. ``crash:7`` kills the process that
asked for effect 7 after the effect has happened and before the process has its answer. A crash
*before* effect 7 leaves the world as ``crash:6`` does, since a process changes nothing between
two effects; so crashes after every effect are all the single crashes there are.

>>> parsed("crash:7+crash:12")
(Fault(kind='crash', at=7), Fault(kind='crash', at=12))
>>> written(parsed("crash:7"))
'crash:7'
>>> parsed("none")
()
"""

from dataclasses import dataclass
from typing import TypeAlias

KINDS = ("crash",)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of `kind` at effect number `at` (from 1)."""

    kind: str
    at: int


Plan: TypeAlias = tuple[Fault, ...]


def crash(at: int) -> Fault:
    """The process dies after effect `at` has happened, before it has the answer."""
    return Fault("crash", at)


def written(plan: Plan) -> str:
    """A plan as it stands in a replay token; ``none`` for a run without faults."""
    return "+".join(f"{fault.kind}:{fault.at}" for fault in plan) or "none"


def parsed(text: str) -> Plan:
    """Read `written` text; raises ValueError with a sentence that names the bad part."""
    if text == "none":
        return ()
    plan = []
    for part in text.split("+"):
        kind, _, at = part.partition(":")
        if kind not in KINDS or not at.isascii() or not at.isdigit() or int(at) < 1:
            raise ValueError(f"{part!r} is no fault; write {KINDS[0]}:N with N from 1")
        plan.append(Fault(kind, int(at)))
    return tuple(plan)
