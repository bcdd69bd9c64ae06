"""No idempotency key: writes down what it is about to do, and where it finds such a note it asks
the gateway whether the charge was made.
"""

import json

from minibroker.clients.database import UniqueViolation


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        try:
            database.insert("intents", order["id"], {"cents": order["cents"]})
            known = False
        except UniqueViolation:
            known = True
        # The note says only that it was tried; whether it worked is known to the gateway alone.
        if not (known and payments.charges(order["id"])):
            payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)
