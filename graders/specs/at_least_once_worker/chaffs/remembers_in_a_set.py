"""Remembers what it has charged in memory: a crash between charge and ack loses that memory.

anomaly: duplicate_effect
"""

import json

charged = set()


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        if order["id"] not in charged:
            payments.charge(order["id"], order["cents"])
            charged.add(order["id"])
        channel.basic_ack(method.delivery_tag)
