"""A dead-letter exchange moves it as it is, without a cause.

anomaly: dead_letter_without_cause
"""

import json


def topology(channel):
    channel.queue_declare("orders.dead", durable=True)
    channel.queue_declare(
        "orders",
        durable=True,
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.dead"},
    )


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
