"""Trims to the newest entry after each ack: XTRIM asks no group.

anomaly: lost_message
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        if not entries:
            reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=10_000)
            entries = reply[0][1] if reply else []
        for entry, order in entries:
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)
            r.xtrim("orders", maxlen=1, approximate=False)
