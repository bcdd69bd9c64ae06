"""Moves an order to a second list, charges, removes it there; begins with what lies there."""

import json


def worker(r, payments):
    left = r.lrange("doing", 0, -1)
    while True:
        text = left.pop() if left else r.blmove("orders", "doing", timeout=10)
        if text:
            order = json.loads(text)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            r.lrem("doing", 1, text)
