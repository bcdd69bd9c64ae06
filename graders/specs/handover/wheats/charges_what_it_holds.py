"""Charges what it holds, then commits, then lets the partitions go."""

import json

from confluent_kafka import Consumer


def biller(bootstrap_servers, payments):
    batch = []

    def charge_all():
        for message in batch:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        batch.clear()
        consumer.commit(asynchronous=False)

    def on_revoke(consumer, partitions):
        if batch:
            charge_all()

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"], on_revoke=on_revoke)
    while True:
        message = consumer.poll(5.0)
        if message is not None and message.error() is None:
            batch.append(message)
        if batch and (message is None or len(batch) == 10):
            charge_all()
