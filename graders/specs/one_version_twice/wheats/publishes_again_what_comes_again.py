"""Inserts under the version as a unique key, publishes after the commit and before the ack, and a command
that comes again has its event published again."""

import json

from confluent_kafka import Producer
from minibroker.clients.database import UniqueViolation


def load(database, order):
    events = []
    while event := database.get("events", f"{order}/{len(events) + 1}"):
        events.append(event)
    return events


def append(database, order, events, expected):
    version = expected
    with database.transaction() as transaction:
        for event in events:
            version += 1
            row = event | {"order": order, "version": version}
            transaction.insert("events", f"{order}/{version}", row)


def handle(channel, database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    types = {"place": "placed", "add": "item_added"}
    for method, properties, body in channel.consume("commands"):
        command = json.loads(body)
        order = command["order"]
        while True:
            history = load(database, order)
            mine = [event for event in history if event["command"] == command["id"]]
            if mine:
                for event in mine:
                    producer.produce("order-events", json.dumps(event), key=order)
                producer.flush()
                break
            event = {"type": types[command["do"]], "cents": command["cents"]}
            try:
                append(database, order, [event | {"command": command["id"]}], len(history))
            except UniqueViolation:
                pass  # whoever was first: load it again
        channel.basic_ack(method.delivery_tag)
