"""Takes the entry's id for the key: an order that the shop added twice has two ids, and is charged twice.

anomaly: duplicate_effect in charged_once
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]), idempotency_key=entry)
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
