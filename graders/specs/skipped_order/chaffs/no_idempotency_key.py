"""Stays with the order that failed, and charges again after a crash what was charged and not committed.

anomaly: duplicate_effect
"""

import json
import time

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
            while True:
                try:
                    payments.charge(order["id"], order["cents"])
                    break
                except PaymentError:
                    time.sleep(1)
            consumer.commit(message, asynchronous=False)
