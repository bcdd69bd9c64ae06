"""Polling: takes one message at a time with basic_get and sleeps when there is none."""

import json
import time


def worker(channel, payments, database):
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is None:
            time.sleep(0.5)
            continue
        order = json.loads(body)
        payments.charge(
            order=order["id"], cents=order["cents"], idempotency_key=f"charge/{order['id']}"
        )
        channel.basic_ack(delivery_tag=method.delivery_tag)
