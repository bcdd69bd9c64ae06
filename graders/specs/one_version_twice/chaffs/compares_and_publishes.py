"""Compares versions in its own code, and publishes while it appends.

anomaly: conflicting_append
anomaly: lost_command
anomaly: phantom_publication
anomaly: repeated_command
"""

import json

from confluent_kafka import Producer


class Conflict(Exception):
    pass


def load(database, order):
    events = []
    while event := database.get("events", f"{order}/{len(events) + 1}"):
        events.append(event)
    return events


def append(database, producer, order, events, expected):
    version = len(load(database, order))
    if version != expected:
        raise Conflict(f"expected version {expected}, found {version}")
    with database.transaction() as transaction:
        for event in events:
            version += 1
            row = event | {"order": order, "version": version}
            transaction.put("events", f"{order}/{version}", row)
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
            except Conflict:
                continue
        channel.basic_ack(method.delivery_tag)
