"""Lets the broker ack. Then all of the queue is pushed at once, whatever the prefetch, to one worker
as to the other: what one has in hand nobody else can take, and a crash loses all of it.

anomaly: lost_message
anomaly: starvation
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    def on_order(channel, method, properties, body):
        try:
            order = json.loads(body)
        except ValueError:
            channel.basic_publish("", "orders.dead", body)
            return
        while True:
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                return
            except (GatewayUnavailable, PaymentTimeout):
                time.sleep(1)

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("orders", on_order, auto_ack=True)
    channel.start_consuming()
