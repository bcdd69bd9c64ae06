"""Looks with XPENDING at what has been pending for a minute, and takes over one entry after the other
with XCLAIM, which gives it to one of those who ask. Gives up nothing when a call fails.
"""

import redis

IDLE = 60_000


def worker(r, payments, name):
    while True:
        try:
            for entry, order in take_over(r, name) + new(r, name):
                payments.charge(order["id"], int(order["cents"]), idempotency_key=order["id"])
                r.xack("orders", "billing", entry)
        except redis.ConnectionError as error:
            print("goes on after", error)


def take_over(r, name):
    old = r.xpending_range("orders", "billing", min="-", max="+", count=10, idle=IDLE)
    ids = [each["message_id"] for each in old]
    return r.xclaim("orders", "billing", name, min_idle_time=IDLE, message_ids=ids) if ids else []


def new(r, name):
    reply = r.xreadgroup("billing", name, {"orders": ">"}, count=2, block=2_000)
    return [entry for _, entries in reply for entry in entries]
