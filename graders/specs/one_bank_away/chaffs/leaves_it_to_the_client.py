"""Auto-commit, as it is by default.

anomaly: lost_message
anomaly: skipped_offset
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
