"""Sets no bound: half of all orders wait in the hand of the slow worker.

anomaly: starvation
"""

import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
