"""Publishes the failed order to the end of the topic and commits it: it is charged after those that came
later.

anomaly: reordered
"""

import json
import time

from confluent_kafka import Consumer, Producer
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
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    while True:
        for message in consumer.consume(10, timeout=1.0):
            order = json.loads(message.value())
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            except PaymentError:
                time.sleep(1)
                producer.produce("orders", message.value(), message.key())
                producer.flush()
            consumer.commit(message, asynchronous=False)
