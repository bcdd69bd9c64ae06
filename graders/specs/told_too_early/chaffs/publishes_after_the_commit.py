"""Commits, and then publishes: a crash between the two loses it.

anomaly: lost_publication
anomaly: reordered_publication
"""

import json

from confluent_kafka import Producer
from minibroker.clients.database import UniqueViolation


def decide(events, command):
    """The event of a command; None when it is refused."""
    cents = sum(event["cents"] for event in events if event["type"] != "paid")
    paid = any(event["type"] == "paid" for event in events)
    match command["do"]:
        case "place" if not events:
            return {"type": "placed", "cents": command["cents"]}
        case "add" if events and not paid:
            return {"type": "item_added", "cents": command["cents"]}
        case "pay" if events and not paid:
            return {"type": "paid", "cents": cents}
    return None


def load(database, order):
    events = []
    while event := database.get("events", f"{order}/{len(events) + 1}"):
        events.append(event)
    return events


def carry_out(database, producer, command):
    order = command["order"]
    while True:
        events = load(database, order)
        event = decide(events, command)
        if event is None or command["id"] in [each["command"] for each in events]:
            return
        event |= {"order": order, "version": len(events) + 1, "command": command["id"]}
        try:
            database.insert("events", f"{order}/{event['version']}", event)
            producer.produce("order-events", json.dumps(event), key=order)
            producer.flush()
            return
        except UniqueViolation:
            pass


def handle(channel, database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    for method, properties, body in channel.consume("commands"):
        carry_out(database, producer, json.loads(body))
        channel.basic_ack(method.delivery_tag)


def relay(database, bootstrap_servers):
    pass  # the handlers publish
