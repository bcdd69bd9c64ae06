"""Sleeps for half a minute when a bank is away: all others wait with it.

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
        while True:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                break
            except (GatewayUnavailable, PaymentTimeout):
                time.sleep(30)
        channel.basic_ack(method.delivery_tag)
