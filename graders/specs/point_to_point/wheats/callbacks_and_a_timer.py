"""Callbacks. An order whose bank is away stays unacked, and a timer tries it again."""

import json

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    def work(order, tag):
        try:
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except (GatewayUnavailable, PaymentTimeout):
            channel.connection.call_later(1, lambda: work(order, tag))
        else:
            channel.basic_ack(tag)

    def on_order(channel, method, properties, body):
        try:
            order = json.loads(body)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            work(order, method.delivery_tag)

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("orders", on_order)
    channel.start_consuming()
