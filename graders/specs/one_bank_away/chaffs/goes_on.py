"""Does not commit what failed and goes on.

anomaly: lost_message
anomaly: skipped_offset
anomaly: reordered
"""

import json

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
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except PaymentError:
            continue  # not committed, so it will come again
        consumer.commit(message, asynchronous=False)
