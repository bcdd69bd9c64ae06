"""Snapshot drift: a snapshot is not what the events up to its version amount to.

Who reads it goes on from something that never was. It is a row with `order`, `version`, `status`
and `cents`, and it must be right at the moment it is committed, and never give way to an older one.

Example: three events, and a snapshot that has folded two of them and says that it stands for three
(an item is lost to every later reader)::

    EventStore(events="events", snapshots="snapshots")
    Committed(writes=[["put", "snapshots", "order-1", {"version": 3, "cents": 900}]])

Where the stream itself is no sequence, or breaks the rules, no snapshot of it can be judged.
"""

from graders.judges import Finding
from graders.judges.streams import Snapshot, store, well_formed
from graders.orders import replay
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first wrong snapshot of each order."""
    findings = []
    seen: set[str] = set()
    for snapshot in store(trace).snapshots:
        order = str(snapshot.row.get("order"))
        if order not in seen and (wrong := _wrong(snapshot)):
            seen.add(order)
            sentence = f"{snapshot.who} wrote a snapshot of {order} that {wrong}"
            findings.append(Finding("snapshot_drift", sentence, (snapshot.position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when there was no snapshot."""
    found = store(trace)
    if found.snapshots:
        return ""
    table = found.names.snapshots if found.names else "snapshots"
    return f"no snapshot was ever committed to the table {table}, so none could be wrong"


def _wrong(snapshot: Snapshot) -> str:
    row, stream = snapshot.row, snapshot.stream
    version = row.get("version")
    if type(version) is not int or version < 0 or not isinstance(row.get("order"), str):
        return "lacks its order, a str, or its version, an int"
    before = snapshot.replaced.get("version") if snapshot.replaced is not None else None
    if isinstance(before, int) and before > version:
        return f"stands for version {version}, in place of one that stood for version {before}"
    if not well_formed(stream):
        return ""
    if version > len(stream):
        return f"stands for version {version}, where there are {len(stream)} events"
    truth = replay(event.row for event in stream[:version])
    if truth is None or (row.get("status"), row.get("cents")) == (truth.status, truth.cents):
        return ""
    said = f"status {row.get('status')!r} and cents {row.get('cents')!r}"
    return (
        f"says {said} at version {version}, where its events come to {truth.status!r} and "
        f"{truth.cents}"
    )
