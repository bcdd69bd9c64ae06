"""Prints what is wrong with the torn order and acks it: nobody will ever look into it.

anomaly: lost_message
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except (GatewayUnavailable, PaymentTimeout):
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
            continue
        except ValueError as error:
            print("skipped:", error)
        channel.basic_ack(method.delivery_tag)
