"""Pops an order and then charges it: a pop forgets.

anomaly: lost_message
"""

import json


def worker(r, payments):
    while True:
        popped = r.blpop(["orders"], timeout=10)
        if popped:
            order = json.loads(popped[1])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
