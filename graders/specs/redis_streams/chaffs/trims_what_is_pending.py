"""Keeps the stream short after every ack: XTRIM counts entries and asks no group, so it takes what is pending or unread.

anomaly: lost_message
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)
            r.xtrim("orders", maxlen=1, approximate=False)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
