"""Traces of a few literal events: one queue, one process, one order of 42.00."""

from minibroker.sim import trace as t

CENTS = {"cents": 4200}


def trace(*events: t.Event) -> t.Trace:
    made = t.Trace()
    for event in events:
        made.append(event)
    return made


def published(message: int, subject: str = "order-1", queue: str = "orders") -> tuple[t.Event, ...]:
    queues = [queue] if queue else []
    return (
        t.Published(
            at=0, who="scenario", message=message, exchange="", routing_key="orders",
            queues=queues, body=b"",
        ),
        t.Owed(at=0, message=message, kind="charge", subject=subject, detail=CENTS),
    )  # fmt: skip


def delivered(message: int, who: str = "worker#1", attempt: int = 1) -> t.Event:
    return t.Delivered(
        at=1_000, who=who, queue="orders", message=message, tag=1, attempt=attempt,
        redelivered=attempt > 1,
    )  # fmt: skip


def settled(message: int, how: str = "acked") -> t.Event:
    return t.Settled(at=3_000, who="worker#1", queue="orders", message=message, how=how)


def requeued(message: int, why: str = "connection lost") -> t.Event:
    return t.Requeued(at=3_000, who="worker#1", queue="orders", message=message, why=why)


def charged(subject: str = "order-1", cents: int = 4200, who: str = "worker#1") -> t.Event:
    return t.SideEffect(at=2_000, who=who, kind="charge", subject=subject, detail={"cents": cents})


def crashed() -> t.Event:
    return t.Crashed(at=2_000, who="worker#1", number=5)


def exited(how: str, who: str = "worker#1") -> t.Event:
    return t.Exited(at=9_000, who=who, how=how)


def ended(why: str = "quiet", effects: int = 12) -> t.Event:
    return t.Ended(at=9_000, why=why, effects=effects)
