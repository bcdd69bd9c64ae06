"""Rejects without requeue from a queue that has no dead-letter exchange: the broker drops it.

anomaly: lost_message
anomaly: given_up_early
anomaly: dead_letter_without_cause
"""

import json


def topology(channel):
    channel.queue_declare("orders", durable=True)
    channel.queue_declare("orders.dead", durable=True)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception:
            channel.basic_nack(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
