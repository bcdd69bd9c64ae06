"""Partial append: a command has two events, and somebody could read the one without the other.

Example: the cancellation of a paid order has the events `refunded` and `cancelled`. The handler
appends them one after the other::

    Committed(writes=[["insert", "events", "order-1/4", {"type": "refunded", ...}]])
    Committed(writes=[["insert", "events", "order-1/5", {"type": "cancelled", ...}]])

Whoever reads between the two finds an order that is refunded and not cancelled, and a crash between
them makes that last. Both belong into one transaction.
"""

from graders.judges import Finding
from graders.judges.streams import store
from graders.orders import MIDWAY, replay
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first commit, for each order, that shows a part of a command."""
    findings = []
    seen: set[str] = set()
    for append in store(trace).appends:
        for order, stream in append.streams.items():
            now = replay(event.row for event in stream)
            if order in seen or now is None or now.status != MIDWAY:
                continue
            seen.add(order)
            sentence = (
                f"{append.who} committed {order} as {MIDWAY} without cancelled, the other event of "
                f"{stream[-1].command}"
            )
            findings.append(Finding("partial_append", sentence, (append.position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no command had two events."""
    for stream in store(trace).streams.values():
        if any(event.type == MIDWAY for event in stream):
            return ""
    return "no command ever had two events, so none could be appended in part"
