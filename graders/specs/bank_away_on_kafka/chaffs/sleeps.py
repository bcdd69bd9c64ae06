"""Sleeps before it works on what is to wait: the others wait with it.

anomaly: starvation
"""

import json
import time

from confluent_kafka import Consumer, Producer


def worker(bootstrap_servers, payments):
    settings = {"bootstrap.servers": bootstrap_servers}
    group = {"group.id": "billing", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer, producer = Consumer(settings | group), Producer(settings)
    consumer.subscribe(["orders", "orders.retry.5"])
    while True:
        message = consumer.poll(60)
        if message is None:
            continue
        if message.topic() == "orders.retry.5":
            time.sleep(5)
        order = json.loads(message.value())
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            producer.produce("orders.retry.5", message.value(), message.key())
            producer.flush()  # now it is there
        consumer.commit(message, asynchronous=False)
