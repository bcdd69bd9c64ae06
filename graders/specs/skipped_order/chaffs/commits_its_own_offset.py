"""Stays with the order that failed, and commits the offset of what is done instead of the next one.

anomaly: stuck
"""

import json
import time

from confluent_kafka import Consumer, TopicPartition
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
                    payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                    break
                except PaymentError:
                    time.sleep(1)
            done = TopicPartition("orders", message.partition(), message.offset())
            consumer.commit(offsets=[done], asynchronous=False)
