"""Claims and charges without a key: the worker that had it was slow, not dead, and charges it too.

anomaly: duplicate_effect in charged_once
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]))
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
