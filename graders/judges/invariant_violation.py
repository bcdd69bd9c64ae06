"""Invariant violation: an event that cannot follow from those before it was appended.

The rules hold for a command that was decided on the order as it is. One that was decided on the
order as it was, before somebody else's event, can break them, though its version is free.

Example: a handler decides to ship, its append conflicts with a cancellation, and it appends the
same event again under the next version::

    Committed(writes=[["insert", "events", "order-1/3", {"type": "cancelled"}]])
    Committed(writes=[["insert", "events", "order-1/4", {"type": "shipped"}]])

The rules are those of `graders.orders`: an order is paid once, with what its items come to, shipped
only when paid, and nothing follows a cancellation.
"""

from collections.abc import Sequence

from graders.judges import Finding
from graders.judges.streams import Stored, nothing_appended, store
from graders.orders import Order, after, why_not
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first event of each order that breaks a rule."""
    findings = []
    seen: set[str] = set()
    for append in store(trace).appends:
        for order, stream in append.streams.items():
            if order in seen or not (wrong := _first_wrong(stream)):
                continue
            seen.add(order)
            event, why = wrong
            sentence = (
                f"{event.type} for {event.command}, event {event.version} of {order}, {why}; "
                f"{event.who} decided on something else"
            )
            before = [each.position for each in stream if each.version < event.version][-1:]
            positions = (*before, append.position)
            findings.append(Finding("invariant_violation", sentence, positions))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever appended."""
    return nothing_appended(trace)


def _first_wrong(stream: Sequence[Stored]) -> tuple[Stored, str] | None:
    order = Order()
    for event in stream:
        if why := why_not(order, event.row):
            return event, why
        order = after(order, event.row)
    return None
