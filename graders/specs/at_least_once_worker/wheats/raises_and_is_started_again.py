"""Let it crash: a second copy of an order breaks the unique key and with it the process. The
message comes back to the fresh one, which knows a redelivered message for one in doubt and asks
the gateway about it.
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        if not method.redelivered:
            database.insert("begun", order["id"])
            payments.charge(order["id"], order["cents"])
        elif not payments.charges(order["id"]):
            database.put("begun", order["id"])
            payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)
