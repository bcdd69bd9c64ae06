"""Rejects the torn order, and gives the other one back at once: it comes back at once, too, and the
bank is asked some hundred times a second.

anomaly: stuck
anomaly: retry_without_delay
"""

import json

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except (GatewayUnavailable, PaymentTimeout):
            channel.basic_nack(method.delivery_tag, requeue=True)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
