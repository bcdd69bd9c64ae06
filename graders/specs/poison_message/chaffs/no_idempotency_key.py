"""Moves the malformed order away as it should, and charges without an idempotency key: after a
crash between charge and ack the good order is charged again.

anomaly: duplicate_effect
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"])
        except Exception:
            channel.basic_publish("", "orders.dead", body)
        channel.basic_ack(method.delivery_tag)
