"""Faults, and the plan of faults that one run suffers.

A fault stands at an effect, named by its number in the run:

- ``crash:7`` kills the process that asked for effect 7 after the effect has happened and before
  the process has its answer. A crash *before* effect 7 leaves the world as ``crash:6`` does, since
  a process changes nothing between two effects; so crashes after every effect are all the single
  crashes there are.
- ``definite:7`` lets the call fail: effect 7 does not happen, and its caller gets an error.
- ``indefinite:7`` lets the answer get lost: effect 7 happens, and its caller gets an error all
  the same. From the error alone it cannot tell which of the two it was.
- ``pause:7`` stops the process for `PAUSE` after effect 7, longer than its peers wait for a sign
  of life, and then lets it go on as if nothing had been: a zombie.
- ``preempt:7`` lets all other processes go on for `PREEMPTION` before effect 7 is answered.
- ``duplicate:7`` lets the message that effect 7 handed out come once more, as a new message: its
  producer had sent it twice.

>>> parsed("crash:7+indefinite:12")
(Fault(kind='crash', at=7), Fault(kind='indefinite', at=12))
>>> written(parsed("crash:7"))
'crash:7'
>>> parsed("none")
()
"""

from dataclasses import dataclass
from typing import TypeAlias

from minibroker.sim.clock import MILLISECOND, SECOND

KINDS = ("crash", "definite", "indefinite", "pause", "preempt", "duplicate")

PAUSE = 200 * SECOND
"""Longer than RabbitMQ waits for a client's heartbeats (two of 60 s, "Detecting Dead TCP
Connections with Heartbeats and TCP Keepalives") and than a Kafka session lasts (45 s)."""

PREEMPTION = 100 * MILLISECOND
"""Time for a hundred effects of another process, one after the other."""


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
    plan: list[Fault] = []
    for part in text.split("+"):
        kind, _, at = part.partition(":")
        if kind not in KINDS or not at.isascii() or not at.isdigit() or int(at) < 1:
            raise ValueError(
                f"{part!r} is no fault; write one of {', '.join(KINDS)}, a colon and an effect's "
                "number from 1, such as crash:7"
            )
        if any(int(at) == other.at for other in plan):
            raise ValueError(f"effect {int(at)} has two faults; give it one")
        plan.append(Fault(kind, int(at)))
    return tuple(plan)
