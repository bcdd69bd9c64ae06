"""Goes back to the order that failed: a second later the same poll hands it out again, and the group
sees the member polling all the while.
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
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except PaymentError:
            time.sleep(1)
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))
        else:
            consumer.commit(message, asynchronous=False)
