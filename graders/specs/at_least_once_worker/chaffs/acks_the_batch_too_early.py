"""Acks with multiple=True after the first order of a batch: that acks those after it too, which
were taken and not yet charged.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    while True:
        batch = []
        for method, properties, body in channel.consume("orders", inactivity_timeout=0.5):
            if method is None:
                break
            batch.append((method.delivery_tag, json.loads(body)))
        for _, order in batch:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(0, multiple=True)
