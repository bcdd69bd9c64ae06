"""Inserts under the version as a unique key, and still publishes before the commit: who is refused has
published already.

anomaly: phantom_publication
"""

import json

from confluent_kafka import Producer
from minibroker.clients.database import UniqueViolation


def load(database, order):
    events = []
    while event := database.get("events", f"{order}/{len(events) + 1}"):
        events.append(event)
    return events


def append(database, producer, order, events, expected):
    version = expected
    with database.transaction() as transaction:
        for event in events:
            version += 1
            row = event | {"order": order, "version": version}
            transaction.insert("events", f"{order}/{version}", row)
            producer.produce("order-events", json.dumps(row), key=order)
            producer.flush()


def handle(channel, database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    types = {"place": "placed", "add": "item_added"}
    for method, properties, body in channel.consume("commands"):
        command = json.loads(body)
        order = command["order"]
        while True:
            history = load(database, order)
            if command["id"] in [event["command"] for event in history]:
                break
            event = {"type": types[command["do"]], "cents": command["cents"]}
            try:
                append(
                    database, producer, order, [event | {"command": command["id"]}], len(history)
                )
                break
            except UniqueViolation:
                continue
        channel.basic_ack(method.delivery_tag)
