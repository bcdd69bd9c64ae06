"""Charges again what was charged and not committed.

anomaly: duplicate_effect
"""

import json
import time

from confluent_kafka import Consumer
from minibroker.clients.payments import PaymentError


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
                payments.charge(order["id"], order["cents"])
                break
            except PaymentError:
                time.sleep(1)
        consumer.commit(message, asynchronous=False)
