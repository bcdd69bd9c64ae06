"""A done order leaves the stream with its ack, in one transaction, so the stream stays as long as what
is still to do.
"""


def worker(r, payments, name):
    while True:
        _, entries, _ = r.xautoclaim("orders", "billing", name, min_idle_time=45_000, count=1)
        if not entries:
            reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=5_000)
            entries = reply[0][1] if reply else []
        for entry, order in entries:
            payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
            with r.pipeline() as pipe:
                pipe.xack("orders", "billing", entry)
                pipe.xdel("orders", entry)
                pipe.execute()
