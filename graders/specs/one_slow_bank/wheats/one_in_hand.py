"""One order in hand at a time."""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
