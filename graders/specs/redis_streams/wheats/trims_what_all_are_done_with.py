"""Keeps the stream short without losing anything: trims only below the oldest entry that is pending,
and only what the group has read.
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        if not entries:
            reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
            entries = reply[0][1] if reply else []
        for entry, order in entries:
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)
        if entries:
            oldest = r.xpending("orders", "billing")["min"]
            if oldest is not None:
                r.xtrim("orders", minid=oldest, approximate=False)
