"""Takes an empty queue for the end of work: nobody is there for the order that comes late.

anomaly: stuck
"""

import json


def worker(channel, payments, database):
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is None:
            print("all done")
            return
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
