"""Lets the broker ack: the torn order takes all others with it.

anomaly: lost_message
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
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders", auto_ack=True):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
