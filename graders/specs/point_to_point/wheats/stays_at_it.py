"""Keeps the order in hand while its bank is away, and asks again every second; the torn one is
rejected by the reader, before anybody is asked.
"""

import json
import time

from minibroker.clients.payments import PaymentError


def readable(channel):
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        try:
            yield json.loads(body), method.delivery_tag
        except ValueError:
            channel.basic_nack(method.delivery_tag, requeue=False)


def charged(payments, order):
    try:
        payments.charge(order["id"], order["cents"], idempotency_key=f"charge {order['id']}")
    except PaymentError:
        return False
    return True


def worker(channel, payments):
    for order, tag in readable(channel):
        while not charged(payments, order):
            time.sleep(1)
        channel.basic_ack(tag)
