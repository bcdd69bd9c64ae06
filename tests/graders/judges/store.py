"""Histories of an event store, for the judges that read one: literal events, a second apart.

Where nothing else is said the writer is ``handle-1#1``, the order ``order-1``, and the events are
those of `events`: placed with 900 cents, an item for 100, paid with both.
"""

import json
from dataclasses import replace

from minibroker.sim import trace as t
from minibroker.sim.values import Value
from tests.graders.judges.history import history

ONE, TWO = "handle-1#1", "handle-2#1"
CENTS = {"placed": 900, "item_added": 100, "paid": 1000, "refunded": 1000}
BY = {"placed": "place-1", "item_added": "add-1", "paid": "pay-1", "shipped": "ship-1"}


def event(version: int, kind: str, order: str = "order-1", **more: Value) -> dict[str, Value]:
    row: dict[str, Value] = {"order": order, "version": version, "type": kind}
    row["command"] = BY.get(kind, "cancel-1")
    if kind in CENTS:
        row["cents"] = CENTS[kind]
    return row | more


def row_of(row: dict[str, Value], op: str = "insert", key: str = "") -> list[Value]:
    """One write of an event."""
    return [op, "events", key or f"{row['order']}/{row['version']}", row]


def appended(*rows: dict[str, Value], who: str = ONE) -> t.Committed:
    """A commit of these events under their usual keys."""
    return committed(*map(row_of, rows), who=who)


def committed(*writes: list[Value], who: str = ONE) -> t.Committed:
    return t.Committed(at=0, who=who, writes=list(writes))


def snapshot(
    version: int, status: str, cents: int, key: str = "order-1", order: str = "order-1"
) -> list[Value]:
    """One write of a snapshot."""
    row: dict[str, Value] = {"order": order, "version": version}
    return ["put", "snapshots", key, row | {"status": status, "cents": cents}]


def told(
    row: dict[str, Value], partition: int = 0, offset: int = 0, transaction: str = ""
) -> t.Appended:
    """A record of an event in the topic."""
    return t.Appended(
        at=0,
        who="relay#1",
        message=1,
        topic="order-events",
        partition=partition,
        offset=offset,
        key=b"order-1",
        value=json.dumps(row).encode(),
        transaction=transaction,
    )


def ended(transaction: str, how: str) -> t.TransactionEnded:
    return t.TransactionEnded(at=0, who="relay#1", transaction=transaction, how=how)


def came(
    name: str, do: str, message: int = 1, order: str = "order-1", **more: Value
) -> t.Published:
    """A command that the scenario sends."""
    body = json.dumps({"id": name, "order": order, "do": do} | more).encode()
    return t.Published(
        at=0, who="scenario", message=message, exchange="", routing_key="commands",
        queues=["commands"], body=body,
    )  # fmt: skip


def acked(message: int = 1, who: str = ONE) -> t.Settled:
    return t.Settled(at=0, who=who, queue="commands", message=message, how="acked")


def store_of(*events: t.Event) -> t.Trace:
    """A history in a world whose scenario has said what its tables mean."""
    said = t.EventStore(at=0, events="events", snapshots="snapshots", topic="order-events")
    return history(replace(said), *events)


PLACED, ADDED, PAID = event(1, "placed"), event(2, "item_added"), event(3, "paid")
SHIPPED = event(4, "shipped")
