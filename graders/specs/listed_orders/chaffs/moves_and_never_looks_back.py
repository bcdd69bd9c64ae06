"""Moves an order to a second list, where nobody looks when the worker has crashed.

anomaly: stuck
"""

import json


def worker(r, payments):
    while True:
        text = r.blmove("orders", "doing", timeout=10)
        if text:
            order = json.loads(text)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            r.lrem("doing", 1, text)
