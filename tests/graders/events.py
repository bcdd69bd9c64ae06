"""Literal events, named as sentences need them, and timelines of them in plain values.

All is of one process, worker#1, and one queue, orders, at time 0.
"""

from graders.timeline import Timeline, build
from minibroker.sim import trace as t
from tests.graders import stories


def drawn(*events: t.Event) -> Timeline:
    return build(stories.run_of(*events))


def told(timeline: Timeline) -> list[tuple[str, str, str]]:
    """(from, to, text) of every row."""
    names = [lane.name for lane in timeline.lanes]
    return [
        (
            names[row.start] if row.start is not None else "",
            names[row.to] if row.to is not None else "",
            row.text,
        )
        for row in timeline.rows
    ]


def texts(timeline: Timeline) -> list[str]:
    return [row.text for row in timeline.rows]


def published(message: int, *queues: str, who: str = "scenario") -> t.Published:
    return t.Published(
        at=0, who=who, message=message, exchange="", routing_key="orders",
        queues=list(queues), body=b'{"id": 1}',
    )  # fmt: skip


def owed(message: int, subject: str) -> t.Owed:
    return t.Owed(at=0, message=message, kind="charge", subject=subject)


def asked(number: int, op: str, client: str = "amqp", at: int = 0, **args: object) -> t.Requested:
    return t.Requested(at=at, who="worker#1", number=number, client=client, op=op, args=args)  # type: ignore[arg-type]


def answered(number: int, value: object = None, did: str = "changed", at: int = 0) -> t.Answered:
    return t.Answered(at=at, who="worker#1", number=number, value=value, did=did)  # type: ignore[arg-type]


def delivered(message: int, attempt: int = 1, tag: int = 1) -> t.Delivered:
    return t.Delivered(
        at=0, who="worker#1", queue="orders", message=message, tag=tag, attempt=attempt,
        redelivered=attempt > 1,
    )  # fmt: skip


def settled(message: int, how: str = "acked") -> t.Settled:
    return t.Settled(at=0, who="worker#1", queue="orders", message=message, how=how)


def requeued(message: int, why: str) -> t.Requeued:
    return t.Requeued(at=0, who="worker#1", queue="orders", message=message, why=why)


def taken(number: int, tag: int = 1) -> t.Answered:
    return answered(number, {"delivery_tag": tag, "body": b'{"id": 1}'})


def dead_lettered(
    message: int, reason: str, *queues: str, who: str = "broker", queue: str = "orders", at: int = 0
) -> t.DeadLettered:
    return t.DeadLettered(
        at=at, who=who, queue=queue, message=message, reason=reason, exchange="orders.dlx",
        routing_key="orders", queues=list(queues),
    )  # fmt: skip


def faulted(number: int, kind: str) -> t.Faulted:
    return t.Faulted(at=0, who="worker#1", number=number, kind=kind)


def failed(number: int, error: str, message: str = "") -> t.Answered:
    return t.Answered(at=0, who="worker#1", number=number, error=error, message=message)
