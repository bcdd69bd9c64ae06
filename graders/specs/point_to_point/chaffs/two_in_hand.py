"""Keeps two in hand, so that it never waits for the next one: the second waits behind a slow bank,
though the other worker has nothing to do.

anomaly: starvation
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    channel.basic_qos(prefetch_count=2)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except (GatewayUnavailable, PaymentTimeout):
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
