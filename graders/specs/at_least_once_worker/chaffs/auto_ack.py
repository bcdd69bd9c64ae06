"""Lets the broker ack: what was pushed counts as done, and a crash loses all of it.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    def on_order(channel, method, properties, body):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])

    channel.basic_consume("orders", on_order, auto_ack=True)
    channel.start_consuming()
