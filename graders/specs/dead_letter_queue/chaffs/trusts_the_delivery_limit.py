"""A quorum queue with a delivery limit, and a nack with requeue for whatever fails. Since RabbitMQ
4.3 such a nack does not count, so the limit is never reached and the poison message spins.

anomaly: stuck
anomaly: retry_without_delay
anomaly: too_many_attempts
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
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
