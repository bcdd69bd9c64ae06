"""Asks the gateway instead of giving a key. One worker may do that; of two, the one that was taken for
dead charges after the other has asked.

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
            if not payments.charges(order["id"]):
                payments.charge(order["id"], order["cents"])
        except (GatewayUnavailable, PaymentTimeout):
            time.sleep(1)
            channel.basic_nack(method.delivery_tag, requeue=True)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
