"""Reads the events from the snapshot's version on, and not from the one after it: the last event that
the snapshot stands for is applied once more.

anomaly: snapshot_drift
anomaly: invariant_violation
"""

import json
import time

from confluent_kafka import KafkaException, Producer
from minibroker.clients.database import UniqueViolation

EVERY = 3  # a snapshot after so many events
NEW = {"status": "new", "cents": 0, "version": 0, "commands": []}


def decide(order, command):
    """The events of a command; none when it is refused."""
    match command["do"], order["status"]:
        case "place", "new":
            return [{"type": "placed", "cents": command["cents"]}]
        case "add", "placed":
            return [{"type": "item_added", "cents": command["cents"]}]
        case "pay", "placed":
            return [{"type": "paid", "cents": order["cents"]}]
        case "ship", "paid":
            return [{"type": "shipped"}]
        case "cancel", "placed":
            return [{"type": "cancelled"}]
        case "cancel", "paid":
            return [{"type": "refunded", "cents": order["cents"]}, {"type": "cancelled"}]
    return []


def evolve(order, event):
    """What the order is after one more event."""
    status, cents = event["type"], order["cents"]
    if status in ("placed", "item_added"):
        status, cents = "placed", cents + event["cents"]
    return order | {"status": status, "cents": cents}


def key(order, version):
    return f"{order}/{version:06}"


def applied(state, event):
    """The order after an event of the store, and what the store has to know of it."""
    commands = [*state["commands"], event["command"]]
    return evolve(state, event) | {"version": event["version"], "commands": commands}


def load(database, order):
    """The order as it is: its snapshot, and the events after that."""
    state = database.get("snapshots", order) or NEW | {"order": order}
    version = max(state["version"], 1)
    while event := database.get("events", key(order, version)):
        state = applied(state, event)
        version += 1
    return state


def carry_out(database, command):
    order = command["order"]
    while True:
        before = state = load(database, order)
        if command["id"] in state["commands"]:
            return  # it came again
        try:
            with database.transaction() as transaction:
                for event in decide(before, command):
                    version = state["version"] + 1
                    row = event | {"order": order, "version": version, "command": command["id"]}
                    transaction.insert("events", key(order, version), row)
                    state = applied(state, row)
                if state["version"] // EVERY > before["version"] // EVERY:
                    transaction.put("snapshots", order, state)
            return
        except UniqueViolation:
            pass  # somebody else was first: load it again, and decide again


def handle(channel, database, bootstrap_servers):
    for method, properties, body in channel.consume("commands"):
        carry_out(database, json.loads(body))
        channel.basic_ack(method.delivery_tag)


def relay(database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    published, failed = set(database.keys("published")), []
    while True:
        new = [each for each in database.keys("events") if each not in published]
        if not new:
            time.sleep(1)
            continue
        for each in new:
            event = database.get("events", each)
            producer.produce(
                "order-events",
                json.dumps(event),
                key=event["order"],
                on_delivery=lambda error, message: failed.append(error) if error else None,
            )
        producer.flush()  # until the broker has them all, or the library gives up
        if failed:
            raise KafkaException(failed[0])
        with database.transaction() as transaction:
            for each in new:
                transaction.put("published", each)
        published.update(new)
