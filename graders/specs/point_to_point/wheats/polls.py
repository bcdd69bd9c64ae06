"""Takes one order at a time with basic_get, so there is no prefetch to set. Moves the torn order
itself, with its cause, and acks it after that.
"""

import json
import time

from pika import BasicProperties


def worker(channel, payments):
    channel.confirm_delivery()
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is None:
            time.sleep(0.5)
            continue
        try:
            order = json.loads(body)
        except ValueError as error:
            cause = BasicProperties(delivery_mode=2, headers={"cause": str(error)})
            channel.basic_publish("", "orders.dead", body, cause, mandatory=True)
            channel.basic_ack(method.delivery_tag)
            continue
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(method.delivery_tag)
        except Exception:
            time.sleep(1)
            channel.basic_nack(method.delivery_tag)
