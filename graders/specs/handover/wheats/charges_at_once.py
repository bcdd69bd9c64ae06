"""Holds nothing: each order is charged and committed before the next poll."""

import json

from confluent_kafka import Consumer


def biller(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(5.0)
        if message is None or message.error() is not None:
            continue
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        consumer.commit(message, asynchronous=False)
