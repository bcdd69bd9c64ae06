"""Lost message: what a message obliged the system to do will never be done.

The message is gone from the broker (every copy settled, or it never reached a queue), and the
side effect that it owes has not happened. Nothing that could still happen would make it happen. A
message that owes a dead letter is lost when it is gone and never arrived there.

Example: the worker acks order-1, crashes, and is started again. The broker has forgotten
order-1, and nobody has charged it::

    Published(message=1, ...)  Owed(message=1, kind="charge", subject="order-1")
    Delivered(message=1)  Settled(message=1, how="acked")  Crashed()

A record is gone for a group when its committed offset has passed it. Example: the offset of order-1
is committed, the worker crashes, and whoever is started again reads on after it::

    Appended(message=1, topic="orders", offset=0)  Owed(message=1, kind="charge", ...)
    Polled(message=1, group="billing")  OffsetsCommitted(offsets=[["orders", 0, 1]])  Crashed()

A message that is still in a queue, or before its group, at the end is not lost; see `stuck`. A side
effect with another detail than is owed (a wrong amount) does not pay the debt.
"""

from typing import cast

from graders.judges import Finding
from graders.judges.copies import all_gone, copies_of, handed_out
from graders.judges.debts import DEAD_LETTER, ROW, Debt, debts, rows, text
from graders.judges.records import content, log, place
from graders.redis_calls import PUBSUB
from minibroker.sim.trace import (
    Appended,
    Committed,
    DeadLettered,
    Event,
    LogTruncated,
    OffsetsCommitted,
    Published,
    Requested,
    Settled,
    SideEffect,
    Trace,
    TransactionEnded,
)


def find(trace: Trace) -> list[Finding]:
    """Every debt whose messages are all gone and that was not paid."""
    findings = []
    for (kind, subject), debt in debts(trace).items():
        if debt.done or not all_gone(trace, debt):
            continue
        ends = copies_of(trace, debt).values()
        decisive = max(
            ends, key=lambda end: (not isinstance(end[1], Appended), end[0]), default=None
        )
        undelivered = [end for end in ends if _undelivered(end[1])]
        decisive = undelivered[0] if undelivered else decisive or _unroutable(trace, debt)
        missing = (
            "it never became a dead letter" if kind == DEAD_LETTER else f"no {kind} for it was made"
        )
        sentence = f"{subject} was lost: {_gone(trace, debt, decisive)}, and {missing}"
        if debt.other:
            wrong = debt.other[-1][1]
            made = _made(kind, subject, debt, wrong)
            sentence += f" with {text(debt.detail)}; what was made had {made}"
        positions = [position for position, _ in debt.other]
        if decisive is not None:
            positions.append(decisive[0])
        findings.append(Finding("lost_message", sentence, tuple(positions)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing owed was ever handed out, nor done by whoever found it
    otherwise, such as in a table."""
    if any(debt.done for debt in debts(trace).values()):
        return ""
    messages = {message for debt in debts(trace).values() for message in debt.messages}
    if any(event.message in messages for event in handed_out(trace)):
        return ""
    return "no message was ever taken, so none could be lost"


def _gone(trace: Trace, debt: Debt, decisive: tuple[int, Event] | None) -> str:
    if decisive is None:
        return _never_came(trace, debt)
    event = decisive[1]
    if isinstance(event, Published):
        if event.exchange == PUBSUB:
            return "nobody was subscribed when its message was published"
        return "its message reached no queue"
    if isinstance(event, Appended):
        return f"its record in {event.topic} is read by no group"
    if isinstance(event, LogTruncated):
        return (
            f"its record in {place((event.topic, event.partition))} is in no broker's log any more"
        )
    if isinstance(event, OffsetsCommitted | TransactionEnded):
        return _passed(trace, debt, decisive[0])
    if _undelivered(event):
        assert isinstance(event, DeadLettered)
        return (
            f"the topic {event.exchange} could not deliver it to {event.queue}, whose policy does "
            "not let it"
        )
    if isinstance(event, DeadLettered):
        return f"it left {event.queue} ({event.reason}) for a dead-letter exchange that led nowhere"
    assert isinstance(event, Settled)
    how = {
        "acked": f"{event.who} {_acked(trace)} its message",
        "auto-acked": f"its message counted as settled when it was delivered to {event.who}",
        "dropped": f"{event.who} rejected its message without requeue",
        "purged": f"{event.who} purged its queue",
        "expired": f"its time in {event.queue} was over",
        "overflowed": f"{event.queue} was full",
        "undeliverable": f"it was handed out from {event.queue} too often",
        "deleted": f"{event.queue} was deleted",
        "transient": f"it was not persistent, and the broker of {event.queue} restarted",
        "removed": f"{event.who} deleted it",
        "trimmed": f"{event.who} trimmed its stream, and it was still waiting or pending in "
        f"{event.queue}",
        "abandoned": f"{event.who} deleted the consumer that it was pending for",
        "skipped": f"{event.who} set {event.queue} to a place after it",
        "moved": f"{event.who} moved it on",
        "unread": f"the connection that it was published to ended before it was read "
        f"({event.queue})",
    }
    return how[event.how]


def _undelivered(event: Event) -> bool:
    """Whether an SNS subscription gave a message up."""
    return isinstance(event, DeadLettered) and event.reason == "undelivered" and not event.queues


def _acked(trace: Trace) -> str:
    """What a worker does with a message that is done: SQS calls it deleting."""
    return "deleted" if any(event.client == "sqs" for event in trace.of(Requested)) else "acked"


def _passed(trace: Trace, debt: Debt, position: int) -> str:
    """By which commit a group left a record of a debt behind."""
    for commit in log(trace).commits:
        records = [log(trace).records.get(message) for message in debt.messages]
        here = [record for record in records if record is not None and record.place == commit.place]
        passed = [each for each in here if each.event.offset < commit.offset]
        if commit.position == position and passed:
            committed = commit.committed
            how = " by itself (auto-commit)" if committed.by_itself else ""
            if committed.transaction:
                how = f" with transaction {committed.transaction}"
            return (
                f"{committed.who} committed offset {commit.offset} of {place(commit.place)} for "
                f"{commit.group}{how}, past its record at offset {passed[-1].event.offset}"
            )
    raise AssertionError("nothing was passed there")


def _never_came(trace: Trace, debt: Debt) -> str:
    records = [log(trace).records.get(message) for message in debt.messages]
    if any(record is not None for record in records):
        return "the transaction of its record was aborted"
    return "no message about it was ever published"


def _unroutable(trace: Trace, debt: Debt) -> tuple[int, Event] | None:
    """Where the last message that carries a debt was published to no queue."""
    published = (
        (position, event)
        for position, event in enumerate(trace.events)
        if isinstance(event, Published) and event.message in debt.messages
    )
    return max(published, key=lambda found: found[0], default=None)


def _made(kind: str, subject: str, debt: Debt, event: Event) -> str:
    if isinstance(event, Committed):
        row = rows(event, kind.removeprefix(f"{ROW} "), subject)[-1]
        return text({name: row.get(name, "none") for name in debt.detail})
    if isinstance(event, Appended):
        said = content(event.value)
        return text({name: said.get(name, "none") for name in debt.detail})
    return text(cast(SideEffect, event).detail)
