"""Marks the order as done in the database and then charges: a crash between the two leaves an
order that is done and was never charged, and its message is skipped when it comes back.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        if database.get("done", order["id"]) is None:
            database.put("done", order["id"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
