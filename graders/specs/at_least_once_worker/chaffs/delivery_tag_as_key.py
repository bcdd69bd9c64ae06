"""Takes the delivery tag for a message's name. It counts deliveries on one channel: the shop's
retry has another, and after a crash another order has the one that was used, so the gateway
refuses it until the supervisor gives up.

anomaly: duplicate_effect
anomaly: stuck
"""

import json


def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        key = str(method.delivery_tag)
        payments.charge(order["id"], order["cents"], idempotency_key=key)
        channel.basic_ack(method.delivery_tag)
