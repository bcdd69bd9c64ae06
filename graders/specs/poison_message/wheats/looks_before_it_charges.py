"""Tells what can never work from what may work later: looks at the order before it calls anybody,
moves a malformed one away, and lets every other error end the process, whose successor gets the
message again.
"""

import json


def is_payable(order):
    return type(order.get("cents")) is int and order["cents"] > 0


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        if is_payable(order):
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        else:
            channel.basic_publish("", "orders.dead", body)
        channel.basic_ack(method.delivery_tag)
