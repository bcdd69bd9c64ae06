"""Conflicting append: two writers believed to be the next, and an order's history is none any more.

A stream is a sequence: version 1, 2, 3, each once, and what was appended stays as it is. A writer
that has read version 3 may append version 4 only if nobody else has done so meanwhile. Where that
is looked up first and written then, two writers both find that they may (a lost update, when the
second one overwrites what the first one wrote).

Example: two handlers have read `order-1` up to version 1, and each appends its event as the next::

    EventStore(events="events", ...)
    Committed(who="handle-1#1", writes=[["put", "events", "order-1/2", {"type": "item_added"}]])
    Committed(who="handle-2#1", writes=[["put", "events", "order-1/2", {"type": "paid"}]])

The same event written once more is no conflict. Keys do not matter: two events of one order with
the same version are in conflict under any keys.
"""

from collections.abc import Sequence
from itertools import pairwise

from graders.judges import Finding
from graders.judges.streams import Append, Stored, nothing_appended, store, well_formed
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first conflict in each order's stream."""
    findings = []
    seen: set[str] = set()
    for append in store(trace).appends:
        for old, new in append.rewritten:
            if old.order not in seen:
                seen.add(old.order)
                sentence = _rewritten(append, old, new)
                positions = (old.position, append.position)
                findings.append(Finding("conflicting_append", sentence, positions))
        for order, stream in append.streams.items():
            if order not in seen and not well_formed(stream):
                seen.add(order)
                findings.append(_broken(append, order, stream))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever appended."""
    return nothing_appended(trace)


def _rewritten(append: Append, old: Stored, new: Stored | None) -> str:
    was = f"event {old.version} of {old.order}, {old.type} for {old.command},"
    if new is None:
        return f"{append.who} removed {was} from the store: what was appended stays"
    return (
        f"{append.who} overwrote {was} with {new.type} for {new.command}: "
        f"{old.who} had appended it first"
    )


def _broken(append: Append, order: str, stream: Sequence[Stored]) -> Finding:
    for before, event in pairwise(stream):
        if before.version == event.version:
            sentence = (
                f"{order} has two events of version {event.version}: {before.type} by "
                f"{before.who} and {event.type} by {event.who}"
            )
            return Finding("conflicting_append", sentence, (before.position, append.position))
    there = {event.version for event in stream}
    gap = next(version for version in range(1, len(stream) + 1) if version not in there)
    sentence = f"{order} has an event of version {stream[-1].version} and none of version {gap}"
    return Finding("conflicting_append", sentence, (append.position,))
