"""Does not commit what failed, and commits past it with the next order.

anomaly: lost_message
anomaly: given_up_early
"""

import json

from confluent_kafka import Consumer


def worker(bootstrap_servers, payments):
    settings = {"bootstrap.servers": bootstrap_servers}
    group = {"group.id": "billing", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings | group)
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(60)
        if message is None:
            continue
        order = json.loads(message.value())
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            continue  # not committed, so it will come again
        consumer.commit(message, asynchronous=False)
