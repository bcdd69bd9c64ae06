"""Inserts events and a note that they are to be published in one transaction. Whoever acks a command
publishes all that is noted before."""

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
            transaction.put("outbox", f"{order}/{version}", row)


def publish(database, producer):
    waiting = [(key, database.get("outbox", key)) for key in database.keys("outbox")]
    for _, row in waiting:
        if row is not None:  # the other handler may have been here
            producer.produce("order-events", json.dumps(row), key=row["order"])
    producer.flush()
    with database.transaction() as transaction:
        for key, _ in waiting:
            transaction.delete("outbox", key)


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
                append(database, order, [event | {"command": command["id"]}], len(history))
                break
            except UniqueViolation:
                continue
        publish(database, producer)
        channel.basic_ack(method.delivery_tag)
