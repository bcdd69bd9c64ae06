"""Acks, then publishes to the dead-letter queue: a crash between the two loses the order.

anomaly: lost_message
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            channel.basic_ack(method.delivery_tag)
        except Exception:
            channel.basic_ack(method.delivery_tag)
            channel.basic_publish("", "orders.dead", body)
