"""Acks first: a crash before the charge loses the order. And what is acked does not count for the
prefetch, so the next one is pushed to a worker that has not begun.

anomaly: lost_message
anomaly: starvation
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
            continue
        channel.basic_ack(method.delivery_tag)
        while True:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                break
            except (GatewayUnavailable, PaymentTimeout):
                time.sleep(1)
