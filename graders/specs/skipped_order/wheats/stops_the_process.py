"""Lets the error end the process, after it has left its group. Its successor reads on at the committed
offset, which is that of the order that failed.
"""

import json

from confluent_kafka import Consumer


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
    try:
        while True:
            for message in consumer.consume(10, timeout=1.0):
                order = json.loads(message.value())
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                consumer.commit(message, asynchronous=False)
    finally:
        consumer.close()
