"""Lost publication: an event is in the store, and the topic never told of it.

Two systems cannot be written in one step. A process that commits to the one, then writes to the
other, and dies between the two, has lost the second write (a dual write), unless something that
survived says that it is still to be done.

Example: the handler appends, and dies with the record still in its producer's buffer::

    EventStore(events="events", topic="order-events")
    Committed(writes=[["insert", "events", "order-1/2", {"version": 2, "type": "paid"}]])
    Crashed()  Started()  Ended()
"""

from graders.judges import Finding
from graders.judges.streams import nothing_appended, store
from minibroker.sim.trace import Interrupted, Trace


def find(trace: Trace) -> list[Finding]:
    """The first event of each order that was not published by the end."""
    found = store(trace)
    if found.names is None or not found.names.topic:
        return []
    # When all is at rest the processes are stopped, one after the other; nobody publishes then.
    interrupts = (at for at, event in enumerate(trace) if isinstance(event, Interrupted))
    rest = next(interrupts, len(trace))
    told = {(r.row["order"], r.row["version"]) for r in found.records if r.row}
    findings = []
    for order, stream in found.streams.items():
        missing = [e for e in stream if e.position < rest and (order, e.version) not in told]
        if not missing:
            continue
        first = missing[0]
        more = {0: "", 1: ", nor of another one"}.get(
            len(missing) - 1, f", nor of {len(missing) - 1} others"
        )
        sentence = (
            f"{first.who} committed {first.type} as event {first.version} of {order}, and "
            f"{found.names.topic} was never told of it{more}"
        )
        findings.append(Finding("lost_publication", sentence, (first.position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever appended to the store."""
    return nothing_appended(trace)
