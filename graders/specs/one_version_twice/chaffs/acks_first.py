"""Inserts and publishes after the commit, and acks before it begins, so that no command comes twice: a
crash loses it.

anomaly: lost_command
anomaly: lost_publication
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
    version, rows = expected, []
    with database.transaction() as transaction:
        for event in events:
            version += 1
            row = event | {"order": order, "version": version}
            transaction.insert("events", f"{order}/{version}", row)
            rows.append(row)
    for row in rows:
        producer.produce("order-events", json.dumps(row), key=order)
    producer.flush()


def handle(channel, database, bootstrap_servers):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    types = {"place": "placed", "add": "item_added"}
    for method, properties, body in channel.consume("commands"):
        channel.basic_ack(method.delivery_tag)
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
