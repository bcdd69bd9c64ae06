"""Acks first, so that the broker need not wait: a crash between ack and charge loses the order.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        channel.basic_ack(method.delivery_tag)
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
