"""Waits a second before it gives the message back: the loop is slower and has no end either.

anomaly: stuck
"""

import json
import time


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception:
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
