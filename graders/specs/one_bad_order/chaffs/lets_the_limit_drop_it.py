"""A delivery limit without a dead-letter exchange: the queue drops it.

anomaly: lost_message
anomaly: dead_letter_without_cause
"""

import json


def topology(channel):
    channel.queue_declare(
        "orders",
        durable=True,
        arguments={"x-queue-type": "quorum", "x-delivery-limit": 3},
    )


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            channel.basic_reject(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
