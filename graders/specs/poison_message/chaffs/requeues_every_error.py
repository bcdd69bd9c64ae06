"""Gives every message that failed back to the queue: one that always fails comes back for ever.

anomaly: stuck
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(method.delivery_tag)
        except Exception:
            channel.basic_nack(method.delivery_tag, requeue=True)
