"""Never acks: every order stays pending, and is claimed and charged for ever.

anomaly: stuck
"""


def worker(r, payments, name):
    while True:
        _, stale, _ = r.xautoclaim("orders", "billing", name, min_idle_time=30_000)
        for entry, order in stale or new_ones(r, name):
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])


def new_ones(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
    return [entry for _, entries in reply for entry in entries]
