"""Sets the prefetch after it has subscribed: it holds for the consumers that come later, and this
one has no bound.

anomaly: starvation
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    def on_order(channel, method, properties, body):
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

    channel.basic_consume("orders", on_order)
    channel.basic_qos(prefetch_count=1)
    channel.start_consuming()
