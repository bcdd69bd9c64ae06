"""One call for both: XREADGROUP with CLAIM (Redis 8.4) hands out first what has been pending for long
enough, and then what is new. Acks a batch at once.
"""


def worker(r, payments, name):
    while True:
        reply = r.xreadgroup(
            "billing", name, {"orders": ">"}, count=3, block=5_000, claim_min_idle_time=30_000
        )
        done = []
        for _, entries in reply:
            for entry, order, *_ in entries:
                payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
                done.append(entry)
        if done:
            r.xack("orders", "billing", *done)
