"""Takes a redelivered message for one that was worked on: it was handed out, and the crash may
have come before the work.

anomaly: lost_message
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        if not method.redelivered:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
