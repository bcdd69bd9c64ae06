"""Rejects without requeue, and the queue has no dead-letter exchange: the broker drops the order,
and nobody ever hears of it.

anomaly: lost_message
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            channel.basic_nack(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
