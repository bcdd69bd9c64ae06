"""Acks first: a crash before the publish loses it.

anomaly: lost_message
"""

import json

from pika import BasicProperties


def topology(channel):
    channel.queue_declare("orders", durable=True)
    channel.queue_declare("orders.dead", durable=True)


def worker(channel, payments):
    channel.confirm_delivery()
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            channel.basic_ack(method.delivery_tag)
            headers = {"cause": f"{type(error).__name__}: {error}", "attempts": 1}
            properties = BasicProperties(delivery_mode=2, headers=headers)
            channel.basic_publish("", "orders.dead", body, properties)
        else:
            channel.basic_ack(method.delivery_tag)
