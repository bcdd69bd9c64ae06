"""Rejects what nobody can read, and nobody has said where it should go.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.queue_declare("orders", durable=True)


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
