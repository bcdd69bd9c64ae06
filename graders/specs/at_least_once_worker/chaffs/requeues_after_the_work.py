"""Gives the message back when it is done with it, so it gets the same message for ever.

anomaly: stuck
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_nack(method.delivery_tag, requeue=True)
