"""Deletes an order when its delivery report has come."""

import json

from confluent_kafka import Producer


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    arrived = []

    def report(error, message):
        if error is None:
            arrived.append(json.loads(message.value())["id"])

    placed = database.keys("placed")
    for key in placed:
        order = database.get("placed", key)
        producer.produce("orders", json.dumps(order), order["customer"], on_delivery=report)
    producer.flush()
    for key in arrived:
        database.delete("placed", key)
    if len(arrived) < len(placed):
        raise RuntimeError("some orders were not published; the next start tries them again")
