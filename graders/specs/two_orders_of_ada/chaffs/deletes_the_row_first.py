"""Deletes a row while its record may still be in the client's queue: a crash takes the order along.

anomaly: lost_message
"""

import json
import time

from confluent_kafka import Consumer, Producer
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    placed = database.keys("placed")
    for key in placed:
        order = database.get("placed", key)
        producer.produce("orders", json.dumps(order), key=order["customer"])
        database.delete("placed", key)
    producer.flush()


def fulfilment(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fulfilment",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())
        while True:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                break
            except PaymentError:
                time.sleep(1)
        consumer.commit(message, asynchronous=False)
