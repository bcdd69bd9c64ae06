"""Sets the bound when the consumer has been started without one.

anomaly: starvation
"""

import json


def worker(channel, payments):
    def on_order(channel, method, properties, body):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("orders", on_order)
    channel.basic_qos(prefetch_count=1)
    channel.start_consuming()
