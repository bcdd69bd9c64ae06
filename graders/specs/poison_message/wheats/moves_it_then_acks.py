"""Publishes the order to the dead-letter queue with its cause, then acks it. A crash between the
two leaves a second copy there, which names the same order.
"""

import json

import pika


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            cause = pika.BasicProperties(delivery_mode=2, headers={"cause": repr(error)})
            channel.basic_publish("", "orders.dead", body, cause)
        channel.basic_ack(method.delivery_tag)
