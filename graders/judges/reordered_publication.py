"""Reordered publication: a reader of the topic can see an order's events in another order than they
happened.

Kafka keeps the order of a partition, and of nothing more. So an order's events must all go to one
partition, and into it by their versions. An event that comes once more is no harm: a reader has
seen its version.

Example: the events are published without a key, and each goes wherever there is room::

    Appended(topic="order-events", partition=0, value={"order": "order-1", "version": 1})
    Appended(topic="order-events", partition=1, value={"order": "order-1", "version": 2})

Whoever reads partition 1 first sees the payment of an order that nobody has placed.
"""

from graders.judges import Finding
from graders.judges.phantom_publication import nothing_published
from graders.judges.streams import Record, store
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first event of each order that is out of order."""
    found = store(trace)
    by_order: dict[str, list[Record]] = {}
    for record in found.records:
        if record.row is not None:
            by_order.setdefault(str(record.row["order"]), []).append(record)
    findings = []
    for order, records in by_order.items():
        first = records[0]
        other = next((each for each in records if each.partition != first.partition), None)
        if other is not None:
            sentence = (
                f"event {_version(first)} of {order} is in partition {first.partition} and event "
                f"{_version(other)} in partition {other.partition}: nobody knows which came first"
            )
            positions = (first.position, other.position)
            findings.append(Finding("reordered_publication", sentence, positions))
            continue
        if wrong := _too_late(sorted(records, key=lambda each: each.offset)):
            before, late = wrong
            sentence = (
                f"{late.who} published event {_version(late)} of {order} after event "
                f"{_version(before)}"
            )
            positions = (before.position, late.position)
            findings.append(Finding("reordered_publication", sentence, positions))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was published."""
    return nothing_published(trace)


def _too_late(records: list[Record]) -> tuple[Record, Record] | None:
    """The first record of an event whose successor has been there before."""
    seen: set[int] = set()
    highest = records[0]
    for record in records:
        version = _version(record)
        if version not in seen and version < _version(highest):
            return highest, record
        seen.add(version)
        highest = max(highest, record, key=_version)
    return None


def _version(record: Record) -> int:
    version = record.row["version"] if record.row else 0
    assert isinstance(version, int)
    return version
