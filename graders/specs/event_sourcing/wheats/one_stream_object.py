"""A class for the store, which raises its own error on a conflict. Keys by version are a table of their
own, the events lie under ids of their own; the relay keeps a position for each order, publishes in
transactions, and also takes the snapshots."""

import json
import time
import uuid

from confluent_kafka import Producer
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


class Conflict(Exception):
    """Another writer has appended since."""


class Stream:
    """The events of one order."""

    def __init__(self, database, order):
        self.database, self.order = database, order
        self.state = database.get("snapshots", order) or NEW | {"order": order}
        self.seen = list(self.state["commands"])
        while place := database.get("places", f"{order}@{self.state['version'] + 1}"):
            self.apply(database.get("events", place["event"]))

    def apply(self, event):
        self.seen.append(event["command"])
        self.state = evolve(self.state, event) | {"version": event["version"]}
        self.state["commands"] = list(self.seen)

    def append(self, events, command):
        try:
            with self.database.transaction() as transaction:
                for version, event in enumerate(events, self.state["version"] + 1):
                    name = str(uuid.uuid4())
                    row = {"order": self.order, "version": version, "command": command, **event}
                    transaction.insert("places", f"{self.order}@{version}", {"event": name})
                    transaction.insert("events", name, row)
        except UniqueViolation:
            raise Conflict from None


def handle(channel, database, bootstrap_servers):
    def on_command(_, method, properties, body):
        command = json.loads(body)
        while True:
            stream = Stream(database, command["order"])
            if command["id"] in stream.seen:
                break
            try:
                if events := decide(stream.state, command):
                    stream.append(events, command["id"])
                break
            except Conflict:
                continue
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("commands", on_command)
    channel.start_consuming()


def relay(database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "relay"})
    producer.init_transactions()
    known = 0
    while True:
        places = database.keys("places")
        if len(places) == known:
            time.sleep(1)
            continue
        for order in sorted({place.split("@")[0] for place in places}):
            position = (database.get("positions", order) or {"version": 0})["version"]
            stream = Stream(database, order)
            last = stream.state["version"]
            if position == last:
                continue
            producer.begin_transaction()
            for version in range(position + 1, last + 1):
                place = database.get("places", f"{order}@{version}")
                event = database.get("events", place["event"])
                producer.produce("order-events", json.dumps(event), key=order)
            producer.commit_transaction()
            with database.transaction() as transaction:
                transaction.put("positions", order, {"version": last})
                transaction.put("snapshots", order, stream.state)
        known = len(places)
