"""Looks whether an order is marked, charges, marks: two workers that have the same order both find no mark.

anomaly: duplicate_effect in charged_once
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            mark = f"charged:{order['id']}"
            if not r.exists(mark):
                payments.charge(order["id"], int(order["cents"]))
                r.set(mark, name)
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
