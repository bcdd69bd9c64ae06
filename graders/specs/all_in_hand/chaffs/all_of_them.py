"""Holds all orders when the torn one ends it, each time.

anomaly: given_up_early
"""

import json


def topology(channel):
    channel.queue_declare("orders.dead", durable=True)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 2,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "orders.dead",
    }
    channel.queue_declare("orders", durable=True, arguments=arguments)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
