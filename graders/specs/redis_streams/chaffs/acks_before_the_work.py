"""Acks what it was handed before it works on it: when it crashes in between, nobody is pending.

anomaly: lost_message in nothing_lost
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            r.xack("orders", "billing", entry)
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
