"""Histories short enough to read: a trace of literal events, each with only what a judge looks at.

Events happen one after the other, a second apart. Where nothing else is said the process is
``worker#1``, the queue is ``orders``, the message is 1, and what is owed is a charge of 42 cents
for ``order-1``. What is promised for what fails is four attempts, 5, 10 and 20 seconds apart, and
then a place in ``orders.dead``, while the others wait for no more than 3 seconds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from graders.judges.debts import DEAD_LETTER
from minibroker.sim import trace as t
from minibroker.sim.values import Value

WORKER = "worker#1"
DEAD = "orders.dead"
SECOND = 1_000_000


def history(*events: t.Event) -> t.Trace:
    found = t.Trace()
    for second, event in enumerate(events):
        found.append(replace(event, at=second * 1_000_000))
    return found


def timed(*events: tuple[float, t.Event]) -> t.Trace:
    """A history whose events happen at these times, in seconds."""
    found = t.Trace()
    for second, event in events:
        found.append(replace(event, at=round(second * SECOND)))
    return found


def body_of(order: str = "order-1") -> bytes:
    return json.dumps({"id": order}).encode()


def published(
    message: int = 1,
    *queues: str,
    who: str = "scenario",
    body: bytes = b"",
    headers: Mapping[str, Value] | None = None,
) -> t.Published:
    return t.Published(
        at=0,
        who=who,
        message=message,
        exchange="",
        routing_key="orders",
        queues=list(queues) or ["orders"],
        body=body,
        headers=dict(headers or {}),
    )


def put_away(
    message: int = 2, order: str = "order-1", who: str = WORKER, **headers: Value
) -> t.Published:
    """A worker publishes the order to the dead letters."""
    return published(message, DEAD, who=who, body=body_of(order), headers=headers)


def dead_lettered(
    message: int = 1,
    *queues: str,
    queue: str = "orders",
    reason: str = "rejected",
    headers: Mapping[str, Value] | None = None,
) -> t.DeadLettered:
    return t.DeadLettered(
        at=0,
        who=WORKER if reason == "rejected" else "broker",
        queue=queue,
        message=message,
        reason=reason,
        exchange="",
        routing_key="",
        queues=list(queues),
        headers=dict(headers or {}),
    )


def promised(
    delays: Sequence[float] = (5, 10, 20),
    patience: float = 3,
    queue: str = "orders",
    dead_letters: str = DEAD,
) -> t.RetryPolicy:
    return t.RetryPolicy(
        at=0,
        queue=queue,
        dead_letters=dead_letters,
        attempts=len(delays) + 1,
        delays=[round(delay * SECOND) for delay in delays],
        patience=round(patience * SECOND),
    )


def declined(
    subject: str = "order-1", error: str = "GatewayUnavailable", who: str = WORKER
) -> t.Declined:
    return t.Declined(at=0, who=who, kind="charge", subject=subject, error=error)


def faulted(kind: str = "pause", who: str = WORKER) -> t.Faulted:
    return t.Faulted(at=0, who=who, number=7, kind=kind)


def came(order: str = "order-1", message: int = 1) -> list[t.Event]:
    """An order came in a message of its own, and is to be charged."""
    return [published(message, body=body_of(order)), owed(message, order)]


def trouble(subject: str = "order-1", until: float | None = None) -> t.Trouble:
    """The order's bank is away until a second, or for ever."""
    moment = None if until is None else round(until * SECOND)
    return t.Trouble(at=0, kind="charge", subject=subject, error="GatewayUnavailable", until=moment)


def unroutable(message: int = 1) -> t.Published:
    return replace(published(message), queues=[])


def owed(message: int = 1, subject: str = "order-1", cents: int = 42) -> t.Owed:
    return t.Owed(at=0, message=message, kind="charge", subject=subject, detail={"cents": cents})


def owed_dead(message: int = 1, subject: str = "order-1") -> t.Owed:
    """The order's bank will never pay, so what is owed is that it becomes a dead letter."""
    return t.Owed(at=0, message=message, kind=DEAD_LETTER, subject=subject)


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
