"""Gives back whatever fails, at once and for ever: the malformed order and the declined card spin
round and round on a classic queue.

anomaly: stuck
anomaly: retry_without_delay
anomaly: too_many_attempts
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
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
