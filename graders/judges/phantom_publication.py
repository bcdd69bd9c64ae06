"""Phantom publication: the topic told of an event that was not in the store (a dirty publish).

Whoever reads the topic acts on it. When the append is refused afterwards, since another writer was
first, or when the process dies, it never happened, and nobody takes the record back.

Example: the handler publishes inside the loop that appends, before the transaction commits::

    EventStore(events="events", topic="order-events")
    Appended(topic="order-events", value={"order": "order-1", "version": 4, "type": "shipped"})
    Committed(writes=[["insert", "events", "order-1/4", {"version": 4, "type": "cancelled"}]])

A record is an event when `order`, `version`, `type`, `command` and `cents` are those of the row. In
a Kafka transaction it counts from when that is committed.
"""

from graders.judges import Finding
from graders.judges.streams import Record, Store, said, store
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first record of each event that was not there."""
    found = store(trace)
    findings = []
    seen: set[object] = set()
    for record in found.records:
        name = (record.row["order"], record.row["version"]) if record.row else record.position
        if name in seen or not (wrong := _wrong(found, record)):
            continue
        seen.add(name)
        findings.append(Finding("phantom_publication", wrong, (record.position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was published."""
    return nothing_published(trace)


def nothing_published(trace: Trace) -> str:
    """Why a trace without records proves nothing; empty when there are some."""
    found = store(trace)
    if found.records:
        return ""
    return f"nothing was ever published to {found.names.topic if found.names else 'the topic'}"


def _wrong(found: Store, record: Record) -> str:
    topic = found.names.topic if found.names else ""
    if record.row is None:
        return f"{record.who} published to {topic} what is no event: it has no order and version"
    order, version = record.row["order"], record.row["version"]
    assert isinstance(order, str)
    assert isinstance(version, int)
    same = [e for e in found.ever.get((order, version), ()) if said(e.row) == said(record.row)]
    if any(event.position < record.position for event in same):
        return ""
    what = f"{record.who} published {record.row.get('type')!r} as event {version} of {order}"
    if same:
        early = (same[0].at - record.at) / 1e6
        return f"{what} {early:g} s before it was committed"
    other = found.ever.get((order, version))
    if other:
        return f"{what}, which was never committed: in the store that is {other[0].type}"
    return f"{what}, which was never committed"
