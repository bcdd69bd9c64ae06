"""Takes one command at a time by polling and writes a snapshot with every append. The relay waits for
each record's delivery report before it goes on to the next one, order by order."""

import json
import time

from confluent_kafka import KafkaException, Producer
from minibroker.clients.database import UniqueViolation

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


def carry_out(database, command):
    order = command["order"]
    while True:
        state = load(database, order)
        if command["id"] in state["commands"]:
            return
        transaction_of = decide(state, command)
        if not transaction_of:
            return
        try:
            with database.transaction() as transaction:
                for event in transaction_of:
                    row = dict(event, order=order, command=command["id"])
                    row["version"] = state["version"] + 1
                    transaction.insert("events", key(order, row["version"]), row)
                    state = applied(state, row)
                transaction.put("snapshots", order, state)
            return
        except UniqueViolation:
            continue


def handle(channel, database, bootstrap_servers):
    while True:
        method, properties, body = channel.basic_get("commands")
        if method is None:
            time.sleep(1)
            continue
        carry_out(database, json.loads(body))
        channel.basic_ack(method.delivery_tag)


def relay(database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    told = {}
    for each in database.keys("told"):
        told[each] = database.get("told", each)["version"]
    while True:
        quiet = True
        for order in database.keys("snapshots"):
            while event := database.get("events", key(order, told.get(order, 0) + 1)):
                reports = []
                producer.produce(
                    "order-events",
                    key=order,
                    value=json.dumps(event),
                    callback=lambda error, message: reports.append(error),
                )
                while not reports:
                    producer.poll(1)
                if reports[0] is not None:
                    raise KafkaException(reports[0])
                told[order] = event["version"]
                database.put("told", order, {"version": told[order]})
                quiet = False
        if quiet:
            time.sleep(1)
