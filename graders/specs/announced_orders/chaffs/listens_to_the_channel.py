"""Charges what it hears: what is published while it is away, nobody hears.

anomaly: lost_message
"""

import json


def worker(r, payments, database):
    listener = r.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("orders")
    for message in listener.listen():
        order = json.loads(message["data"])
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
