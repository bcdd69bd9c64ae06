"""Makes a new idempotency key for every attempt: no two requests have the same one.

anomaly: duplicate_effect
"""

import json
import uuid


def worker(channel, payments, database):
    def on_order(channel, method, properties, body):
        order = json.loads(body)
        key = str(uuid.uuid4())
        payments.charge(order["id"], order["cents"], idempotency_key=key)
        channel.basic_ack(method.delivery_tag)

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("orders", on_order)
    channel.start_consuming()
