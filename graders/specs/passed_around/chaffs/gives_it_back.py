"""Gives back what it cannot read: the two workers pass it to and fro.

anomaly: stuck
"""

import json


def topology(channel):
    channel.queue_declare("orders", durable=True)


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
