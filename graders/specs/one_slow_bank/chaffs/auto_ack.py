"""Lets the broker ack: no bound holds, and a crash loses all that is in hand.

anomaly: lost_message
anomaly: starvation
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders", auto_ack=True):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
