"""Histories short enough to read: a trace of literal events, each with only what a judge looks at.

Events happen one after the other, a second apart. Where nothing else is said the process is
``worker#1``, the queue is ``orders``, the message is 1, and what is owed is a charge of 42 cents
for ``order-1``.
"""

from dataclasses import replace

from minibroker.sim import trace as t

WORKER = "worker#1"


def history(*events: t.Event) -> t.Trace:
    found = t.Trace()
    for second, event in enumerate(events):
        found.append(replace(event, at=second * 1_000_000))
    return found


def published(message: int = 1, *queues: str) -> t.Published:
    return t.Published(
        at=0,
        who="scenario",
        message=message,
        exchange="",
        routing_key="orders",
        queues=list(queues) or ["orders"],
        body=b"",
    )


def unroutable(message: int = 1) -> t.Published:
    return replace(published(message), queues=[])


def owed(message: int = 1, subject: str = "order-1", cents: int = 42) -> t.Owed:
    return t.Owed(at=0, message=message, kind="charge", subject=subject, detail={"cents": cents})


def delivered(
    message: int = 1, attempt: int = 1, who: str = WORKER, queue: str = "orders"
) -> t.Delivered:
    return t.Delivered(
        at=0,
        who=who,
        queue=queue,
        message=message,
        tag=1,
        attempt=attempt,
        redelivered=attempt > 1,
    )


def settled(
    message: int = 1, how: str = "acked", who: str = WORKER, queue: str = "orders"
) -> t.Settled:
    return t.Settled(at=0, who=who, queue=queue, message=message, how=how)


def requeued(message: int = 1, why: str = "connection lost", who: str = WORKER) -> t.Requeued:
    return t.Requeued(at=0, who=who, queue="orders", message=message, why=why)


def charged(
    subject: str = "order-1", cents: int = 42, who: str = WORKER, kind: str = "charge"
) -> t.SideEffect:
    return t.SideEffect(at=0, who=who, kind=kind, subject=subject, detail={"cents": cents})


def deduplicated(subject: str = "order-1") -> t.Deduplicated:
    return t.Deduplicated(at=0, who=WORKER, kind="charge", subject=subject, key=subject)


def crashed(who: str = WORKER) -> t.Crashed:
    return t.Crashed(at=0, who=who, number=7)


def interrupted(who: str = WORKER) -> t.Interrupted:
    return t.Interrupted(at=0, who=who, number=7)


def exited(how: str, who: str = WORKER) -> t.Exited:
    return t.Exited(at=0, who=who, how=how)


def gave_up(who: str = WORKER) -> t.GaveUp:
    return t.GaveUp(at=0, who=who, restarts=5)


def ended(why: str = "quiet", effects: int = 20) -> t.Ended:
    return t.Ended(at=0, why=why, effects=effects)
