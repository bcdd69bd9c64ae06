"""Waits a second before it gives back whatever fails: right for the bank that is away; the torn order
goes round slowly and for ever, since a nack with requeue is not counted. It comes back to the head, so the orders behind it wait.

anomaly: stuck
anomaly: starvation
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
