"""The lesson's mended worker: the order's id is the idempotency key."""

import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        key = order["id"]
        payments.charge(order["id"], order["cents"], idempotency_key=key)
        channel.basic_ack(method.delivery_tag)
