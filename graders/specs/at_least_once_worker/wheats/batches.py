"""Batches: gathers up to three messages, charges them, and acks them all with one ack; after a
quiet second a batch that is not full is done too.
"""

import json

BATCH = 3


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=BATCH)
    batch = []
    for method, _, body in channel.consume("orders", inactivity_timeout=1):
        if method is not None:
            batch.append((method.delivery_tag, json.loads(body)))
        if batch and (method is None or len(batch) == BATCH):
            for _, order in batch:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(batch[-1][0], multiple=True)
            batch = []
