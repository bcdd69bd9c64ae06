"""Keeps what failed in a list, to be charged when the bank is back, and commits what comes after it: a
crash takes the list along.

anomaly: skipped_offset
anomaly: lost_message
anomaly: reordered
"""

import json

from confluent_kafka import Consumer
from minibroker.clients.payments import PaymentError


def billing(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["orders"])
    orders = []
    while True:
        for message in consumer.consume(10, timeout=1.0):
            orders.append((json.loads(message.value()), message))
        later = []
        for order, message in orders:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                consumer.commit(message, asynchronous=False)
            except PaymentError:
                later.append((order, message))
        orders = later
