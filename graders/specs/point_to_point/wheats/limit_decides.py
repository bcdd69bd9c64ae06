"""Rejects the torn order with requeue, so that others may try; the queue counts and gives it up. An
absent bank is no failure of the order: that is a nack, which is not counted.
"""

import json
import time


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=True)
            continue
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
