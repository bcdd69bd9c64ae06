"""Claims and charges without a key: the worker that had it was slow.

anomaly: duplicate_effect
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        if not entries:
            reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=10_000)
            entries = reply[0][1] if reply else []
        for entry, order in entries:
            payments.charge(order["id"], int(order["cents"]))
            r.xack("orders", "billing", entry)
