"""Publishes what fails again, behind the others.

anomaly: reordered
"""

import json
import time

from confluent_kafka import Consumer, Producer
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
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except PaymentError:
            time.sleep(1)
            producer.produce("orders", message.value(), message.key())
            producer.flush()
        consumer.commit(message, asynchronous=False)
