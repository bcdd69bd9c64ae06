"""Takes the entries over into a list and pops from it: a pop forgets, so a crash after it loses the order.

anomaly: lost_message in nothing_lost
"""

import json


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            r.rpush("todo", json.dumps(order))
            r.xack("orders", "billing", entry)
        while (job := r.lpop("todo")) is not None:
            order = json.loads(job)
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
