"""Reads what is new: what a crash leaves pending, nobody takes over.

anomaly: stuck
"""


def worker(r, payments, name):
    while True:
        reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=10_000)
        for _, entries in reply:
            for entry, order in entries:
                payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
                r.xack("orders", "billing", entry)
