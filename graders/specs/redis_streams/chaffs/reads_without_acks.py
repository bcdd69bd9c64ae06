"""Reads with NOACK: nothing is ever pending, so there is nothing to take over from a dead worker.

anomaly: lost_message in nothing_lost
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000, noack=True)
    return [entry for _, entries in reply for entry in entries]
