"""Zombie write: a process that had lost its partition went on as if it had not, and it counted.

A consumer that stands still for longer than its session is given up by its group, and its
partitions go to others. It does not know that until it talks to the group again.

Example: worker-1 is handed order-1 and stands still for a minute. The partition goes to worker-2.
Then worker-1 wakes up and charges what it still has in hand::

    Assigned(who="worker-1#1", partitions=[["orders", 0]])  Polled(message=1, who="worker-1#1")
    Assigned(who="worker-2#1", partitions=[["orders", 0]])
    SideEffect(who="worker-1#1", kind="charge", subject="order-1")

An effect counts when it is a side effect, or a record that a ``read_committed`` reader sees, made
for a record of that partition after the new owner had been told of it. One that was fenced off, or
turned away by an idempotency key, does not. A process that was never given the partition by its
group (it reads by `assign`) is no zombie.
"""

from graders.judges import Finding
from graders.judges.effects import cause, effects
from graders.judges.records import Partition, partitions, place
from minibroker.sim.trace import Assigned, Trace


def find(trace: Trace) -> list[Finding]:
    """Every effect that a zombie made."""
    told = _told(trace)
    findings = []
    for effect in effects(trace) if told else ():
        if (made_from := cause(trace, effect)) is None:
            continue
        polled = made_from[1]
        where = polled.topic, polled.partition
        before = [
            (position, event)
            for position, event in told.get((polled.group, where), ())
            if position < effect.position
        ]
        if not any(event.who == effect.who for _, event in before):
            continue
        position, owner = before[-1]
        if owner.who != effect.who:
            sentence = (
                f"{effect} was made by {effect.who} at {effect.event.at / 1e6:.3f} s, "
                f"when {place(where)} had been {owner.who}'s since {owner.at / 1e6:.3f} s"
            )
            findings.append(Finding("zombie_write", sentence, (position, effect.position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no member of a group made anything."""
    told = _told(trace)
    for effect in effects(trace):
        made_from = cause(trace, effect)
        if made_from and (
            (made_from[1].group, (made_from[1].topic, made_from[1].partition)) in told
        ):
            return ""
    return "no member of a group made anything of a record, so none could do so too late"


def _told(trace: Trace) -> dict[tuple[str, Partition], list[tuple[int, Assigned]]]:
    """Who was told, one after the other, that a partition is its own in a group."""
    found: dict[tuple[str, Partition], list[tuple[int, Assigned]]] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, Assigned):
            for where in partitions(event.partitions):
                found.setdefault((event.group, where), []).append((position, event))
    return found
