"""Charges safely and never acks: the broker keeps every message for ever.

anomaly: stuck
"""

import json


def worker(channel, payments, database):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
