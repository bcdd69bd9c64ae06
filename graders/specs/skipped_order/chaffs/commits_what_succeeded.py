"""Commits each order that succeeds and leaves out what failed.

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
    while True:
        for message in consumer.consume(10, timeout=1.0):
            order = json.loads(message.value())
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            except PaymentError as error:
                print(f"{order['id']} will be tried again: {error}")
            else:
                consumer.commit(message, asynchronous=False)
