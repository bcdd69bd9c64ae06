"""Charges whole euros and drops the cents: the amount that is owed is never charged.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        euros = order["cents"] // 100
        payments.charge(order["id"], euros * 100, idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
