"""Pauses the partition of what waits, seeks back, and resumes when it is due."""

import json
import time

from confluent_kafka import Consumer, Producer, TopicPartition


def worker(bootstrap_servers, payments):
    settings = {"bootstrap.servers": bootstrap_servers}
    group = {"group.id": "billing", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer, producer = Consumer(settings | group), Producer(settings)
    consumer.subscribe(["orders", "orders.retry.5"])
    due = None  # when the first record in orders.retry.5 is
    while True:
        if due and due <= time.time():
            consumer.resume([TopicPartition("orders.retry.5", 0)])
            due = None
        message = consumer.poll(due - time.time() if due else 60)
        if message is None:
            continue
        if message.topic() == "orders.retry.5":
            when = message.timestamp()[1] / 1000 + 5
            if when > time.time():
                here = TopicPartition("orders.retry.5", 0, message.offset())
                consumer.pause([here])
                consumer.seek(here)
                due = when
                continue
        order = json.loads(message.value())
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            producer.produce("orders.retry.5", message.value(), message.key())
            producer.flush()  # now it is there
        consumer.commit(message, asynchronous=False)
