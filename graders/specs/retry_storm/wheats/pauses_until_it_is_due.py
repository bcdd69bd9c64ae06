"""Copies to a topic of its own, whose partition is paused until its first record is due; flushes, then
commits."""

import json
import time

from confluent_kafka import Consumer, Producer, TopicPartition


def worker(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    due = None  # when the first record in orders.retry is
    consumer.subscribe(["orders", "orders.retry"])

    while True:
        if due and due <= time.time():
            consumer.resume([TopicPartition("orders.retry", 0)])
            due = None
        message = consumer.poll(due - time.time() if due else 60)
        if message is None or message.error():
            continue
        if message.topic() == "orders.retry":
            when = message.timestamp()[1] / 1000 + 10
            if when > time.time():
                here = TopicPartition("orders.retry", 0, message.offset())
                consumer.pause([here])
                consumer.seek(here)
                due = when
                continue
        attempts = int(dict(message.headers() or []).get("attempts", b"0")) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            headers = {"attempts": str(attempts)}
            if attempts < 3:
                topic = "orders.retry"
            else:
                topic = "orders.dead"
                headers["cause"] = repr(error)
            producer.produce(topic, message.value(), message.key(), headers=headers)
            producer.flush()
        consumer.commit(message, asynchronous=False)
