"""The queue has a limit, and a nack with requeue does not count for it.

anomaly: stuck
"""

import json


def topology(channel):
    channel.queue_declare("orders.dead", durable=True)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 3,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "orders.dead",
    }
    channel.queue_declare("orders", durable=True, arguments=arguments)


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except ValueError:
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
