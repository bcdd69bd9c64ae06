"""Charges safely, and never tells the broker.

anomaly: stuck
"""

import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
