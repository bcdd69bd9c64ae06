"""Lets a queue with a time to live do the waiting."""

import json
import time

from pika import BasicProperties

WAITS = [5, 10, 20]


def topology(channel):
    channel.queue_declare("orders", durable=True)
    for seconds in WAITS:
        arguments = {
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "orders",
        }
        channel.queue_declare(f"orders.wait.{seconds}", durable=True, arguments=arguments)


def worker(channel, payments):
    channel.confirm_delivery()
    for method, properties, body in channel.consume("orders"):
        attempt = (properties.headers or {}).get("attempts", 0) + 1
        order = json.loads(body)
        # Seconds as on the left of the picture: virtual time began with a minute.
        print(f"{time.time() % 60:5.1f} s: {order['id']}, attempt {attempt}")
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            later = BasicProperties(delivery_mode=2, headers={"attempts": attempt})
            channel.basic_publish("", f"orders.wait.{WAITS[attempt - 1]}", body, later)
        channel.basic_ack(method.delivery_tag)
