"""Locks an order for a minute while it charges: a worker that is held up for longer has no lock any
more, does not know it, and charges after the other one.

anomaly: duplicate_effect in charged_once
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in entries or new_ones(r, name):
            if not r.exists(f"done:{order['id']}"):
                if not r.set(f"lock:{order['id']}", name, nx=True, ex=60):
                    continue
                payments.charge(order["id"], int(order["cents"]))
                r.set(f"done:{order['id']}", entry)
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
