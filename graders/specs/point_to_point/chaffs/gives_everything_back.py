"""Gives back whatever fails: the torn order goes from one worker to the other for ever, and the bank
that is away is asked as fast as the two can.

anomaly: stuck
anomaly: retry_without_delay
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
