"""Charges and then marks the order as done in the database: two systems, two steps, and a crash
between them charges again.

anomaly: duplicate_effect
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        with database.transaction() as transaction:
            if database.get("done", order["id"]) is None:
                payments.charge(order["id"], order["cents"])
                transaction.insert("done", order["id"], {"cents": order["cents"]})
        channel.basic_ack(method.delivery_tag)
