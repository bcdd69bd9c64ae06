"""Reads its own pending entries when it starts, and never those of a worker that is gone.

anomaly: stuck
"""


def worker(r, payments, name):
    start = "0"
    while True:
        reply = r.xreadgroup("billing", name, {"orders": start}, count=1, block=5_000)
        found = [entry for _, entries in reply for entry in entries]
        if start == "0" and not found:
            start = ">"
        for entry, order in found:
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)
