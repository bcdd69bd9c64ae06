"""Deletes the entry before it charges, to be sure that the stream stays short: after a crash the id is
pending and nothing is there to be charged.

anomaly: lost_message
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        if not entries:
            reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=10_000)
            entries = reply[0][1] if reply else []
        for entry, order in entries:
            r.xdel("orders", entry)
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)
