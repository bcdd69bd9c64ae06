"""A process serves two messages and ends with an error, so that the supervisor starts a fresh
one, as web servers do against leaks; what it had not acked comes back to that one.
"""

import json
import sys

MOST = 2


def worker(channel, payments, database):
    served = 0

    def on_order(channel, method, properties, body):
        nonlocal served
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], order["id"])
        channel.basic_ack(method.delivery_tag)
        served += 1
        if served == MOST:
            sys.exit(f"served {MOST}, start me again")

    channel.basic_consume("orders", on_order)
    channel.start_consuming()
