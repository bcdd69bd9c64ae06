"""Sleeps until the next attempt: the others sleep, too.

anomaly: starvation
"""

import json
import time


def topology(channel):
    channel.queue_declare("orders", durable=True)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        for wait in [5, 10, 20, None]:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                break
            except Exception:
                time.sleep(wait)
        channel.basic_ack(method.delivery_tag)
