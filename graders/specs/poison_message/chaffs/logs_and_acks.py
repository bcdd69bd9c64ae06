"""Prints the error and acks: the loop is gone, and so is the order.

anomaly: lost_message
"""

import json


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            print("skipped:", error)
        channel.basic_ack(method.delivery_tag)
