"""Starts with a clean queue, as its author did while trying things out: a purge drops orders that
nobody has worked on.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.queue_declare("orders", durable=True)
    channel.queue_purge("orders")
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
