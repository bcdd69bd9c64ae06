"""Needless revocation: a consumer had to give up a partition, and the next to get it was itself.

An eager rebalance takes all partitions from all members before it gives them out anew. Most come
back to who had them, after a standstill of the whole group and with nothing left of what was being
done. A cooperative one takes only what somebody else is to have (KIP-429).

Example: a second worker joins, and worker-1 keeps partition 0, yet has to give it up first::

    Revoked(who="worker-1#1", partitions=[["orders", 0], ["orders", 1]])
    Assigned(who="worker-1#1", partitions=[["orders", 0]])

A partition that was lost is none of these: the group had given up the member, not the other way
round.
"""

from graders.judges import Finding
from graders.judges.records import Partition, partitions, place
from minibroker.sim.trace import Assigned, Rebalanced, Revoked, Trace


def find(trace: Trace) -> list[Finding]:
    """Every revocation of which something came back to the same process."""
    open_: dict[tuple[str, Partition], tuple[int, Revoked]] = {}
    back: dict[tuple[int, int], list[Partition]] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, Revoked):
            for where in partitions(event.partitions):
                open_[event.group, where] = position, event
        elif isinstance(event, Assigned):
            for where in partitions(event.partitions):
                found = open_.pop((event.group, where), None)
                if found and found[1].who == event.who and not found[1].lost:
                    back.setdefault((found[0], position), []).append(where)
    findings = []
    for (first, last), places in back.items():
        revoked, assigned = trace.events[first], trace.events[last]
        assert isinstance(revoked, Revoked)
        sentence = (
            f"{revoked.who} had to give up {_and(places)} at {revoked.at / 1e6:.3f} s and got "
            f"{'it' if len(places) == 1 else 'them'} back at {assigned.at / 1e6:.3f} s"
        )
        findings.append(Finding("needless_revocation", sentence, (first, last)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no member that had something was there when others came or went."""
    before: dict[str, set[str]] = {}
    for event in trace.of(Rebalanced):
        having = {who for who, owned in event.owners.items() if owned}
        if before.get(event.group, set()) & having and len(event.owners) > 1:
            return ""
        before[event.group] = having
    return "no group rebalanced between two members, so none was disturbed"


def _and(places: list[Partition]) -> str:
    *most, last = map(place, places)
    return f"{', '.join(most)} and {last}" if most else last
