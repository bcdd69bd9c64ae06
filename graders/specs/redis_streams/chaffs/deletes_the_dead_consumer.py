"""Tidies up consumers that look dead: deleting one deletes what was pending for it.

anomaly: lost_message
"""


def worker(r, payments, name):
    for consumer in r.xinfo_consumers("orders", "billing"):
        if consumer["name"] != name:
            r.xgroup_delconsumer("orders", "billing", consumer["name"])
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            r.xack("orders", "billing", entry)


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
