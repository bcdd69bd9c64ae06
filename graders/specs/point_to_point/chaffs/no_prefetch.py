"""Sets no prefetch: the broker deals all orders out at once, and those in the hand of the worker
whose bank is slow wait, though the other one has nothing to do.

anomaly: starvation
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
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
