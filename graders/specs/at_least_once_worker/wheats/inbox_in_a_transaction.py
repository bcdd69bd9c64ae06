"""An inbox: the message's row and the order's new state are committed together after the charge,
which carries a key because the commit may be lost; an order whose row is there is skipped.
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=5)
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        if database.get("inbox", order["id"]) is None:
            charge = payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            with database.transaction() as transaction:
                transaction.insert("inbox", order["id"], {"charge": charge["id"]})
                transaction.put("orders", order["id"], {"state": "paid"})
        channel.basic_ack(method.delivery_tag)
