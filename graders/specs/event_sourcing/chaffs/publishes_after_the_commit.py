"""Commits and then publishes (a dual write): a crash between the two loses the event for the topic, and
two handlers may publish in the order they please.

anomaly: lost_publication
anomaly: reordered_publication
"""

import json

from confluent_kafka import Producer
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
    while event := database.get("events", key(order, state["version"] + 1)):
        state = applied(state, event)
    return state


def carry_out(database, producer, command):
    order = command["order"]
    while True:
        before = state = load(database, order)
        if command["id"] in state["commands"]:
            return  # it came again
        try:
            with database.transaction() as transaction:
                rows = []
                for event in decide(before, command):
                    version = state["version"] + 1
                    row = event | {"order": order, "version": version, "command": command["id"]}
                    transaction.insert("events", key(order, version), row)
                    state = applied(state, row)
                    rows.append(row)
                if state["version"] // EVERY > before["version"] // EVERY:
                    transaction.put("snapshots", order, state)
            for row in rows:
                producer.produce("order-events", json.dumps(row), key=order)
            producer.flush()
            return
        except UniqueViolation:
            pass  # somebody else was first: load it again, and decide again


def handle(channel, database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    for method, properties, body in channel.consume("commands"):
        carry_out(database, producer, json.loads(body))
        channel.basic_ack(method.delivery_tag)


def relay(database, bootstrap_servers):
    pass  # the handlers have published
