"""Writes into a header when the order is due, and nobody reads that; and does not wait until a dead
letter is sent.

anomaly: retry_without_delay
anomaly: lost_message
"""

import json
import time

from confluent_kafka import Consumer, Producer


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
    consumer.subscribe(["orders"])

    while True:
        message = consumer.poll(60)
        if message is None or message.error():
            continue
        attempts = int(dict(message.headers() or []).get("attempts", b"0")) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            headers = {"attempts": str(attempts)}
            if attempts < 3:
                headers["retry-at"] = str(time.time() + 10)
                producer.produce("orders", message.value(), message.key(), headers=headers)
                producer.flush()
            else:
                headers["cause"] = repr(error)
                producer.produce("orders.dead", message.value(), message.key(), headers=headers)
        consumer.commit(message, asynchronous=False)
