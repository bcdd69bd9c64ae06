"""Charges without a key: when one worker dies after the charge the other one charges again.

anomaly: duplicate_effect
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"])
        except (GatewayUnavailable, PaymentTimeout):
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
