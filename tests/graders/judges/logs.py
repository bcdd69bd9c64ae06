"""Log events for histories: see `tests.graders.judges.history`.

Where nothing else is said the topic is ``orders`` with its partition 0, the group is ``billing``,
the process is ``worker#1``, and a record's value is its order's id, as JSON.
"""

from collections.abc import Mapping, Sequence

from graders.judges.debts import RECORD
from minibroker.sim import trace as t
from minibroker.sim.values import Value
from tests.graders.judges.history import WORKER, body_of, owed

GROUP = "billing"


def appended(
    message: int = 1,
    offset: int = 0,
    topic: str = "orders",
    partition: int = 0,
    who: str = "scenario",
    order: str = "order-1",
    key: bytes | None = None,
    value: bytes | None = None,
    transaction: str = "",
    headers: Mapping[str, bytes | None] | None = None,
) -> t.Appended:
    return t.Appended(
        at=0, who=who, message=message, topic=topic, partition=partition, offset=offset, key=key,
        value=body_of(order) if value is None else value, transaction=transaction,
        headers=[[name, text] for name, text in (headers or {}).items()],
    )  # fmt: skip


def ordered(
    *orders: str, key: bytes | None = None, partition: int = 0, first: int = 1
) -> list[t.Event]:
    """Orders come in records of their own, one after the other, and are to be charged."""
    events: list[t.Event] = []
    for offset, order in enumerate(orders):
        message = first + offset
        events += [
            appended(message, offset, order=order, key=key, partition=partition),
            owed(message, order),
        ]
    return events


def invoiced(
    message: int = 9,
    order: str = "order-1",
    offset: int = 0,
    who: str = WORKER,
    transaction: str = "",
    topic: str = "invoices",
) -> t.Appended:
    return appended(message, offset, topic, who=who, order=order, transaction=transaction)


def owed_record(message: int = 1, order: str = "order-1", topic: str = "invoices") -> t.Owed:
    return t.Owed(at=0, message=message, kind=f"{RECORD} {topic}", subject=order)


def polled(
    message: int = 1,
    offset: int = 0,
    who: str = WORKER,
    group: str = GROUP,
    topic: str = "orders",
    partition: int = 0,
) -> t.Polled:
    return t.Polled(
        at=0, who=who, group=group, message=message, topic=topic, partition=partition,
        offset=offset,
    )  # fmt: skip


def committed(
    offset: int = 1,
    who: str = WORKER,
    group: str = GROUP,
    topic: str = "orders",
    partition: int = 0,
    transaction: str = "",
    by_itself: bool = False,
) -> t.OffsetsCommitted:
    return t.OffsetsCommitted(
        at=0, who=who, group=group, offsets=[[topic, partition, offset]], transaction=transaction,
        by_itself=by_itself,
    )  # fmt: skip


def began(transaction: str = "tx", who: str = WORKER) -> t.TransactionBegan:
    return t.TransactionBegan(at=0, who=who, transaction=transaction)


def decided(
    how: str = "committed", transaction: str = "tx", who: str = WORKER, why: str = "asked"
) -> t.TransactionEnded:
    return t.TransactionEnded(at=0, who=who, transaction=transaction, how=how, why=why)


def rebalanced(group: str = GROUP, topic: str = "orders", **owners: Sequence[int]) -> t.Rebalanced:
    """``worker_2=[0, 1]`` for what worker-2#1 owns."""
    owned: dict[str, Value] = {
        f"{who.replace('_', '-')}#1": [[topic, number] for number in numbers]
        for who, numbers in owners.items()
    }
    return t.Rebalanced(at=0, group=group, generation=1, owners=owned)


def assigned(
    who: str = WORKER, *numbers: int, group: str = GROUP, topic: str = "orders"
) -> t.Assigned:
    parts: list[Value] = [[topic, number] for number in numbers or (0,)]
    return t.Assigned(at=0, who=who, group=group, partitions=parts)


def revoked(who: str = WORKER, *numbers: int, lost: bool = False) -> t.Revoked:
    parts: list[Value] = [["orders", number] for number in numbers or (0,)]
    return t.Revoked(at=0, who=who, group=GROUP, partitions=parts, lost=lost)


def left(who: str = WORKER, why: str = "session timeout") -> t.LeftGroup:
    return t.LeftGroup(at=0, who=who, group=GROUP, why=why)


def truncated(*lost: int, offset: int = 0) -> t.LogTruncated:
    return t.LogTruncated(
        at=0, topic="orders", partition=0, broker=2, offset=offset, lost=list(lost)
    )
