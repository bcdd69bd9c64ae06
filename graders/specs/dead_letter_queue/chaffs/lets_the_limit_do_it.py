"""Rejects with requeue and leaves the rest to the delivery limit: four attempts within a few
milliseconds, and a dead letter that says nothing.

anomaly: given_up_early
anomaly: retry_without_delay
anomaly: dead_letter_without_cause
"""

import json


def topology(channel):
    channel.queue_declare("orders.dead", durable=True)
    channel.queue_declare(
        "orders",
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": 3,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "orders.dead",
        },
    )


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception:
            channel.basic_reject(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
