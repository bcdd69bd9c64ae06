"""Publishes the failed order again, at the end of the queue: the others get through, and the one
that always fails goes round for ever.

anomaly: stuck
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            channel.basic_publish("", "orders", body, properties)
        channel.basic_ack(method.delivery_tag)
