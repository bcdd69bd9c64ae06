"""Duplicate effect: a side effect that is owed once happened more than once.

Example: the worker charges order-1, crashes before the ack, is started again, gets the message
a second time and charges a second time::

    Owed(message=1, kind="charge", subject="order-1")
    Delivered(message=1, attempt=1)  SideEffect(kind="charge", subject="order-1")
    Crashed()  Requeued(message=1)
    Delivered(message=1, attempt=2)  SideEffect(kind="charge", subject="order-1")

Two messages that carry the same debt (a producer's retry) still owe one side effect. A side
effect for a subject that nobody owes anything is an effect too many as well. One that an
idempotency key turned away is none: nothing happened.

Where a record in a topic is owed it is an effect, too, once a ``read_committed`` reader sees it.
Example: an invoice was produced, the worker crashed before its commit, and the next one produced
it again::

    Owed(message=1, kind="record in invoices", subject="order-1")
    Appended(message=2, topic="invoices", key=b"order-1")  Crashed()
    Appended(message=3, topic="invoices", key=b"order-1")
"""

from graders.judges import Finding
from graders.judges.debts import DEAD_LETTER, Subject, debts
from minibroker.sim.trace import Appended, SideEffect, Trace


def find(trace: Trace) -> list[Finding]:
    """Every subject with more side effects than it is owed."""
    owed = debts(trace)
    had: dict[Subject, list[tuple[int, SideEffect | Appended]]] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, SideEffect):
            had.setdefault((event.kind, event.subject), []).append((position, event))
    for subject_owed, debt in owed.items():
        records: list[tuple[int, SideEffect | Appended]] = [
            (position, event)
            for position, event in sorted(debt.done + debt.other, key=lambda made: made[0])
            if isinstance(event, Appended)
        ]
        if subject_owed[0] != DEAD_LETTER and records:
            had[subject_owed] = records
    findings = []
    for (kind, subject), effects in had.items():
        most = 1 if (kind, subject) in owed else 0
        if len(effects) <= most:
            continue
        positions = tuple(position for position, _ in effects)
        if most:
            who = ", then ".join(
                f"by {event.who} at {event.at / 1e6:.3f} s" for _, event in effects
            )
            times = {2: "twice"}.get(len(effects), f"{len(effects)} times")
            sentence = f"the {kind} for {subject} was made {times}: {who}"
        else:
            article = "an" if kind[0] in "aeiou" else "a"
            sentence = f"{article} {kind} was made for {subject}, which no message asked for"
        findings.append(Finding("duplicate_effect", sentence, positions))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing that is owed was ever done."""
    if any(debt.done or debt.other for debt in debts(trace).values()):
        return ""
    kinds = sorted({kind for kind, _ in debts(trace)})
    return f"no {' or '.join(kinds) or 'side effect'} was ever made, so none could be made twice"
