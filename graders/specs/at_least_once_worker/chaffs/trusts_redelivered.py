"""Takes `redelivered` for the mark of every duplicate: the shop's own retry is a new message,
delivered for the first time, and is charged again.

anomaly: duplicate_effect
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        if not (method.redelivered and payments.charges(order["id"])):
            payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)
