"""Looks into the table when it starts and whenever it hears anything."""


def worker(r, payments, database):
    bell = r.pubsub(ignore_subscribe_messages=True)
    bell.subscribe("orders")  # first: what comes while it looks rings again
    done = set()
    while True:
        for order in database.keys("orders"):
            if order not in done:
                cents = database.get("orders", order)["cents"]
                payments.charge(order, cents, idempotency_key=order)
                done.add(order)
        bell.get_message(timeout=None)
