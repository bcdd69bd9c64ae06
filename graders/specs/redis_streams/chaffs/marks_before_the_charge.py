"""Marks an order as charged and then charges it: after a crash between the two the mark is there and the charge is not.

anomaly: lost_message in nothing_lost
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            if r.set(f"charged:{order['id']}", name, nx=True):
                payments.charge(order["id"], int(order["cents"]))
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
