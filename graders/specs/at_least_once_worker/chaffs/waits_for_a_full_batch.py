"""Works in batches and never on one that is not full: the last orders wait in its memory.

anomaly: stuck
"""

import json

BATCH = 3


def worker(channel, payments, database):
    batch = []
    for method, properties, body in channel.consume("orders"):
        batch.append(json.loads(body))
        if len(batch) == BATCH:
            for order in batch:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(method.delivery_tag, multiple=True)
            batch.clear()
