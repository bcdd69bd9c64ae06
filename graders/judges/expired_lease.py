"""Expired lease: work was done for a message whose lease was over.

Whoever receives a message from an SQS queue has it to itself until its visibility timeout is over
(SQS Developer Guide, "Amazon SQS visibility timeout"). After that the message is anybody's: another
worker does the same work, each receive counts toward the dead letters, and a good message ends
among them.

Example: a worker takes ten messages with 30 s for all of them, and needs 4 s for each::

    Delivered(message=9, who="worker-1#1", at=0)
    Requeued(message=9, who="worker-1#1", why="visibility timeout", at=30_000_000)
    SideEffect(who="worker-1#1", kind="charge", subject="order-9", at=32_000_000)

Work is all that a service was asked to do, also when an idempotency key or the service turned it
away. Judged in runs without faults: a process that stood still cannot know what time it is.
"""

from graders.judges import Finding
from graders.judges.attempts import faults
from graders.judges.copies import handed_out
from graders.judges.debts import subjects
from minibroker.sim.trace import Declined, Deduplicated, Delivered, Requeued, SideEffect, Trace

OVER = "visibility timeout"


def find(trace: Trace) -> list[Finding]:
    """The first work of each process for each message that came too late."""
    if faults(trace):
        return []
    about = subjects(trace)
    over: dict[tuple[str, str], tuple[int, Requeued]] = {}
    findings = []
    for position, event in enumerate(trace.events):
        if isinstance(event, Delivered):
            over.pop((event.who, about.get(event.message, "")), None)
        elif isinstance(event, Requeued) and event.why == OVER:
            over[event.who, about.get(event.message, "")] = position, event
        elif isinstance(event, SideEffect | Deduplicated | Declined):
            ended = over.pop((event.who, event.subject), None)
            if ended is not None:
                sentence = (
                    f"{event.who} asked for the {event.kind} for {event.subject} at "
                    f"{event.at / 1e6:.3f} s, and its lease on the message was over at "
                    f"{ended[1].at / 1e6:.3f} s"
                )
                findings.append(Finding("expired_lease", sentence, (ended[0], position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever taken."""
    if handed_out(trace):
        return ""
    return "no message was ever taken, so no lease could be over"
