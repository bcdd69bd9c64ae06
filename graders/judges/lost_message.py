"""Lost message: what a message obliged the system to do will never be done.

The message is gone from the broker (every copy settled, or it never reached a queue), and the
side effect that it owes has not happened. Nothing that could still happen would make it happen. A
message that owes a dead letter is lost when it is gone and never arrived there.

Example: the worker acks order-1, crashes, and is started again. The broker has forgotten
order-1, and nobody has charged it::

    Published(message=1, ...)  Owed(message=1, kind="charge", subject="order-1")
    Delivered(message=1)  Settled(message=1, how="acked")  Crashed()

A message that is still in a queue at the end is not lost; see `stuck`. A side effect with
another detail than is owed (a wrong amount) does not pay the debt.
"""

from collections.abc import Mapping

from graders.judges import Finding
from graders.judges.debts import DEAD_LETTER, all_gone, copies_of, debts
from minibroker.sim.trace import DeadLettered, Delivered, Event, Settled, Trace


def find(trace: Trace) -> list[Finding]:
    """Every debt whose messages are all gone and that was not paid."""
    findings = []
    for (kind, subject), debt in debts(trace).items():
        if debt.done or not all_gone(trace, debt):
            continue
        ends = copies_of(trace, debt).values()
        decisive = max(ends, key=lambda end: end[0], default=None)
        missing = (
            "it never became a dead letter" if kind == DEAD_LETTER else f"no {kind} for it was made"
        )
        sentence = f"{subject} was lost: {_gone(decisive)}, and {missing}"
        if debt.other:
            wrong = debt.other[-1][1]
            sentence += f" with {_text(debt.detail)}; what was made had {_text(wrong.detail)}"
        positions = [position for position, _ in debt.other]
        if decisive is not None:
            positions.append(decisive[0])
        findings.append(Finding("lost_message", sentence, tuple(positions)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing owed was ever handed out."""
    messages = {message for debt in debts(trace).values() for message in debt.messages}
    if any(event.message in messages for event in trace.of(Delivered)):
        return ""
    return "no message was ever taken, so none could be lost"


def _gone(decisive: tuple[int, Event] | None) -> str:
    if decisive is None:
        return "its message reached no queue"
    event = decisive[1]
    if isinstance(event, DeadLettered):
        return f"it left {event.queue} ({event.reason}) for a dead-letter exchange that led nowhere"
    assert isinstance(event, Settled)
    how = {
        "acked": f"{event.who} acked its message",
        "auto-acked": f"its message counted as settled when it was delivered to {event.who}",
        "dropped": f"{event.who} rejected its message without requeue",
        "purged": f"{event.who} purged its queue",
        "expired": f"its time in {event.queue} was over",
        "overflowed": f"{event.queue} was full",
        "undeliverable": f"it was handed out from {event.queue} too often",
        "deleted": f"{event.queue} was deleted",
    }
    return how[event.how]


def _text(detail: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items())
