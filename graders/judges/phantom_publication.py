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
    """One record of each event that was not there."""
    found = store(trace)
    wrong: dict[object, tuple[bool, Finding]] = {}
    for record in found.records:
        name = (record.row["order"], record.row["version"]) if record.row else record.position
        sentence, never = _wrong(found, record)
        # What never happened says more than what happened a little later.
        if sentence and (name not in wrong or (never and not wrong[name][0])):
            finding = Finding("phantom_publication", sentence, (record.position,))
            wrong[name] = (never, finding)
    return [finding for _, finding in wrong.values()]


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was published."""
    return nothing_published(trace)


def nothing_published(trace: Trace) -> str:
    """Why a trace without records proves nothing; empty when there are some."""
    found = store(trace)
    if found.records:
        return ""
    return f"nothing was ever published to {found.names.topic if found.names else 'the topic'}"


def _wrong(found: Store, record: Record) -> tuple[str, bool]:
    """What is wrong with a record, and whether it tells of what never was committed at all."""
    topic = found.names.topic if found.names else ""
    if record.row is None:
        wrong = f"{record.who} published to {topic} what is no event: it has no order and version"
        return wrong, True
    order, version = record.row["order"], record.row["version"]
    assert isinstance(order, str)
    assert isinstance(version, int)
    same = [e for e in found.ever.get((order, version), ()) if said(e.row) == said(record.row)]
    if any(event.position < record.position for event in same):
        return "", False
    what = f"{record.who} published {record.row.get('type')!r} as event {version} of {order}"
    if same:
        early = (same[0].at - record.at) / 1e6
        return f"{what} {early:g} s before it was committed", False
    other = found.ever.get((order, version))
    if other:
        return f"{what}, which was never committed: in the store that is {other[0].type}", True
    return f"{what}, which was never committed", True
